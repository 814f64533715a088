//! nginx-shared-session: see README.md.
