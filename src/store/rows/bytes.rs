//! Rows as bytes and back: their columns one behind the other, as they lie in memory.
//!
//! For what leaves memory for a while and is read by the process that wrote it; nothing of it is kept.

use bytemuck::Pod;

use super::{Dict, DictCol, IntCol, Ints, Rows, TextCol, Texts};
use crate::mine::RowRole;

fn put<T: Pod>(out: &mut Vec<u8>, values: &[T]) {
    out.extend_from_slice(&(values.len() as u64).to_le_bytes());
    out.extend_from_slice(bytemuck::cast_slice(values));
}

fn take<T: Pod>(from: &mut &[u8]) -> Option<Vec<T>> {
    let (count, rest) = from.split_first_chunk()?;
    let bytes = usize::try_from(u64::from_le_bytes(*count)).ok()?.checked_mul(size_of::<T>())?;
    let (values, rest) = rest.split_at_checked(bytes)?;
    *from = rest;
    Some(bytemuck::pod_collect_to_vec(values))
}

impl Texts {
    /// Texts that are not packed.
    fn put(&self, out: &mut Vec<u8>) {
        put(out, &self.ends);
        put(out, self.text.as_bytes());
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let (ends, text) = (take(from)?, take(from)?);
        Some(Self::of(ends, String::from_utf8(text).ok()?))
    }
}

impl Rows {
    /// Adds the columns of rows that were gathered to `out`.
    pub(in crate::store) fn put(&self, out: &mut Vec<u8>) {
        put(out, &self.ts_ns);
        put(out, &self.files);
        put(out, &self.content);
        put(out, &self.roles.iter().map(|role| *role as u8).collect::<Vec<u8>>());
        put(out, &self.aside.iter().map(|aside| u8::from(*aside)).collect::<Vec<u8>>());
        self.ints.iter().for_each(|ints| put(out, &ints.0));
        for dict in &self.dicts {
            put(out, &dict.codes);
            dict.values.put(out);
        }
        self.texts.iter().for_each(|texts| texts.put(out));
    }

    /// Rows of [`Self::put`]; `None` when these are not the bytes of any.
    pub(in crate::store) fn take(mut from: &[u8]) -> Option<Self> {
        let from = &mut from;
        let mut rows =
            Self { ts_ns: take(from)?, files: take(from)?, content: take(from)?, settled: true, ..Self::default() };
        let roles = take::<u8>(from)?;
        rows.roles =
            roles.into_iter().map(|role| RowRole::ALL.get(usize::from(role)).copied()).collect::<Option<_>>()?;
        rows.aside = take::<u8>(from)?.into_iter().map(|aside| aside != 0).collect();
        for column in IntCol::ALL {
            rows.ints[*column as usize] = Ints(take(from)?);
        }
        for column in DictCol::ALL {
            let codes = take(from)?;
            rows.dicts[*column as usize] = Dict::settled(codes, Texts::take(from)?);
        }
        for column in TextCol::ALL {
            rows.texts[*column as usize] = Texts::take(from)?;
        }
        from.is_empty().then_some(rows)
    }
}
