//! What is tried in every engine.

mod ways;

pub(crate) use ways::try_way;
