//! The whole way round: plan, file, take the results back, plan again.
