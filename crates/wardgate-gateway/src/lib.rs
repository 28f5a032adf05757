//! The data plane: listeners, protocol adapters, the gates in order, upstreams.
