//! The limit on open files: raised to what the listener may need, as far as the system allows, and told where it is short.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::callback::Limits;

/// Descriptors that all connections, the journal and the requests need together, with room to spare.
const WANTED: u64 = 4_096;

/// Raises the limit; how many descriptors there may be now.
pub(super) fn raise() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let Some(current) = limit.current.filter(|current| *current < WANTED) else { return limit.current.unwrap_or(u64::MAX) };
    let wanted = limit.maximum.map_or(WANTED, |most| most.min(WANTED));
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }) {
        Ok(()) => wanted,
        Err(error) => {
            tracing::warn!(current, %error, "the limit on open files could not be raised");
            current
        }
    }
}

/// What is to be said when there are fewer connections than usual; none when there are as many.
pub(super) fn shortage(limits: &Limits, descriptors: u64) -> Option<String> {
    let usual = Limits::default().connections;
    (limits.connections < usual).then(|| {
        format!(
            "the system allows {descriptors} open files, so callbacks are taken on {} connections at once instead of {usual}; \
             raise the limit (ulimit -Hn {WANTED}) before confmod is started",
            limits.connections
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_is_told_with_the_remedy() {
        assert_eq!(shortage(&Limits::default().within(WANTED), WANTED), None);
        let told = shortage(&Limits::default().within(256), 256).expect("a shortage");
        assert!(told.contains("256 open files") && told.contains("181 connections") && told.contains("ulimit"), "{told}");
    }
}
