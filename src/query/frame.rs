//! Between plain tables and the engine's frames: the only place that knows both.

use polars::prelude::{
    AnyValue, Column as PlColumn, DataFrame, DataType, IntoLazy, LazyFrame, NamedFrom, PlSmallStr, PolarsResult,
    Series, TimeUnit,
};

use super::table::{Column, Data, Table, moment};
use crate::store::{ColumnSpec, ColumnType};
use crate::time;

/// A frame that holds a table.
pub(super) fn of_table(table: &Table) -> PolarsResult<LazyFrame> {
    let columns = table.columns.iter().map(|column| {
        let name = PlSmallStr::from_str(&column.name);
        match &column.data {
            Data::I64(values) => Series::new(name, values).into(),
            Data::F64(values) => Series::new(name, values).into(),
            Data::Str(values) => Series::new(name, values).into(),
            Data::Bool(values) => Series::new(name, values).into(),
        }
    });
    Ok(DataFrame::new(table.len(), columns.collect::<Vec<PlColumn>>())?.lazy())
}

/// A frame with the given columns and no row.
pub(super) fn empty(columns: &[ColumnSpec]) -> PolarsResult<LazyFrame> {
    let columns = columns.iter().map(|spec| {
        let kind = match spec.kind {
            ColumnType::Int64 => DataType::Int64,
            ColumnType::Int32 => DataType::Int32,
            ColumnType::Text => DataType::String,
            ColumnType::Bool => DataType::Boolean,
            ColumnType::Micros => DataType::Datetime(TimeUnit::Microseconds, Some(polars::prelude::TimeZone::UTC)),
        };
        Series::new_empty(PlSmallStr::from_static(spec.name), &kind).into()
    });
    Ok(DataFrame::new(0, columns.collect::<Vec<PlColumn>>())?.lazy())
}

/// The table that a frame holds. Integers of any width become 64 bits, dates and moments text.
pub(super) fn to_table(frame: &DataFrame) -> PolarsResult<Table> {
    let columns = frame.columns().iter().map(|column| {
        let data = data(column.as_materialized_series())?;
        Ok(Column { name: column.name().to_string(), data })
    });
    Ok(Table { columns: columns.collect::<PolarsResult<_>>()? })
}

fn data(series: &Series) -> PolarsResult<Data> {
    let integers = |series: &Series| -> PolarsResult<Vec<Option<i64>>> {
        Ok(series.cast(&DataType::Int64)?.i64()?.iter().collect())
    };
    Ok(match series.dtype() {
        DataType::Boolean => Data::Bool(series.bool()?.iter().collect()),
        DataType::String => Data::Str(series.str()?.iter().map(|text| text.map(str::to_owned)).collect()),
        DataType::Date => Data::Str(integers(series)?.into_iter().map(|day| day.map(time::day_name)).collect()),
        DataType::Datetime(unit, _) => {
            let ns_per_unit = match unit {
                TimeUnit::Nanoseconds => 1,
                TimeUnit::Microseconds => 1_000,
                TimeUnit::Milliseconds => 1_000_000,
            };
            Data::Str(
                integers(series)?.into_iter().map(|at| at.map(|at| moment(at.saturating_mul(ns_per_unit)))).collect(),
            )
        }
        kind if kind.is_float() => Data::F64(series.cast(&DataType::Float64)?.f64()?.iter().collect()),
        kind if kind.is_integer() => Data::I64(integers(series)?),
        DataType::Null => Data::Str(vec![None; series.len()]),
        // Lists, structs and durations have no column type of ours; they are shown as the engine writes them.
        _ => Data::Str(series.iter().map(|value| (value != AnyValue::Null).then(|| value.to_string())).collect()),
    })
}
