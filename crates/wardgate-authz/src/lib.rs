//! The pure decision: request, facts, policies, consents and now give a permit or a refusal.
