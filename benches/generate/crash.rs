//! The crash loop: a deploy without a setting that its code requires, sixteen starts, a rollback.
//!
//! Each start writes one chained traceback over five rows (two of them only the joiner, and only two
//! of the three tracebacks with a severity), as real exports hold them: Cloud Run splits what a
//! process writes at once, and gives ERROR only to some of the parts.

use crate::clock::{MINUTE, SECOND, date, time};
use crate::entry::{Log, Severity};
use crate::fleet::{API, BAD_REVISION, Instance, instance_id, rollouts, start_rows};
use crate::rng::Rng;
use crate::world::{Cluster, Draft, World};

/// How many starts the loop has.
pub(crate) const STARTS: usize = 16;
/// The first exception of the chain, as the truth names the root.
pub(crate) const ROOT: &str = "KeyError: 'CHECKOUT_SIGNING_KEY'";

const JOINER: &str = "\nDuring handling of the above exception, another exception occurred:\n";
const FIRST: &str = "Traceback (most recent call last):
  File \"/srv/shop/config.py\", line 91, in require
    return os.environ[name]
           ~~~~~~~~~~^^^^^^
  File \"<frozen os>\", line 685, in __getitem__
KeyError: 'CHECKOUT_SIGNING_KEY'
";
const SECOND_ONE: &str = "Traceback (most recent call last):
  File \"/srv/shop/checkout/signing.py\", line 24, in load_key
    key = config.require(\"CHECKOUT_SIGNING_KEY\")
  File \"/srv/shop/config.py\", line 93, in require
    raise ConfigError(f\"required setting {name} is not set\")
shop.config.ConfigError: required setting CHECKOUT_SIGNING_KEY is not set
";
const THIRD: &str = "Traceback (most recent call last):
  File \"/usr/lib/python3.12/site-packages/webserver/worker.py\", line 133, in boot
    self.app = self.factory()
  File \"/srv/shop/app.py\", line 40, in create_app
    checkout = signing.load_key()
  File \"/srv/shop/app.py\", line 44, in create_app
    raise RuntimeError(\"application factory aborted during checkout set-up\")
RuntimeError: application factory aborted during checkout set-up
";

/// What the truth says of the loop.
pub(crate) struct Loop {
    /// The moments of the exits.
    pub(crate) exits: Vec<i64>,
    /// The first row of the first start.
    pub(crate) first: i64,
}

fn raised(world: &mut World, name: &str, contains: &str, exception: &'static str) -> usize {
    world.cluster(Cluster {
        name: name.to_owned(),
        service: API.to_owned(),
        kind: "app",
        contains: contains.to_owned(),
        status: None,
        exception: Some(exception),
        finding: true,
    })
}

/// Writes all starts; they begin seconds after the bad revision was commanded.
pub(crate) fn write(world: &mut World) -> Loop {
    let mut rng = Rng::new(world.seed, "crash loop");
    let bad = rollouts().into_iter().find(|r| r.revision == BAD_REVISION).map_or(0, |r| r.at);
    let key_error = raised(world, "crash loop: KeyError", "CHECKOUT_SIGNING_KEY", "KeyError");
    let config_error = raised(world, "crash loop: ConfigError", "required setting", "shop.config.ConfigError");
    let runtime_error = raised(world, "crash loop: RuntimeError", "application factory aborted", "RuntimeError");
    let in_worker = world.app("crash loop: raised while starting", API, "Worker raised while starting", true);
    let gave_up = world.app("crash loop: worker gave up", API, "gave up with code 3", true);
    let stopping = world.app("crash loop: stopping", API, "Stopping the server", true);
    let exit = world.cluster(Cluster {
        name: "crash loop: exit".to_owned(),
        service: API.to_owned(),
        kind: "system",
        contains: "Container called exit(3).".to_owned(),
        status: None,
        exception: None,
        finding: true,
    });

    let mut exits = Vec::new();
    let mut start = bad + 5 * SECOND + rng.range(0, 900_000) * 1_000;
    let first = start;
    for _ in 0..STARTS {
        let i = Instance {
            service: API,
            revision: BAD_REVISION,
            id: instance_id(&mut rng),
            from: start,
            to: start + MINUTE,
        };
        start_rows(world, &mut rng, &i, if exits.is_empty() { "DEPLOYMENT" } else { "AUTOSCALING" });
        let row = |ts, cluster| Draft::new(ts, API, BAD_REVISION, cluster).instance(&i.id).log(Log::Stderr);
        // The server's own words: ERROR in the text, no severity on the envelope.
        let server = |ts: i64, cluster, pid: u8, text: &str| {
            row(ts, cluster).severity(Severity::Default).effective(Severity::Error).text(format!(
                "[{} {} +0000] [{pid}] [ERROR] {text}",
                date(ts),
                time(ts)
            ))
        };
        let mut ts = start + 2_900 * 1_000_000 + rng.range(0, 300_000) * 1_000;
        let us = |rng: &mut Rng, low: i64, high: i64| rng.range(low, high) * 1_000;
        world.push(server(ts, in_worker, 7, "Worker raised while starting"));
        ts += us(&mut rng, 30, 90);
        world.push(row(ts, key_error).severity(Severity::Default).effective(Severity::Error).text(FIRST));
        for (cluster, text) in [(config_error, SECOND_ONE), (runtime_error, THIRD)] {
            ts += us(&mut rng, 4, 20);
            world.push(row(ts, key_error).severity(Severity::Default).attached().text(JOINER));
            ts += us(&mut rng, 10, 40);
            world.push(row(ts, cluster).severity(Severity::Error).group("CPq1shopsigning01").text(text));
        }
        ts += us(&mut rng, 20_000, 60_000);
        world.push(server(ts, gave_up, 1, "Worker (pid 7) gave up with code 3"));
        ts += us(&mut rng, 60_000, 140_000);
        world.push(server(ts, stopping, 1, "Stopping the server, no worker could start"));
        ts += us(&mut rng, 240_000, 520_000);
        world.push(row(ts, exit).log(Log::System).severity(Severity::Warning).text("Container called exit(3)."));
        exits.push(ts);
        // Eight seconds from start to start, give or take half a second.
        start += 8 * SECOND + us(&mut rng, -450_000, 450_000);
    }
    Loop { exits, first }
}
