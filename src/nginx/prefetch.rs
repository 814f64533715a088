//! A word to the processor about memory that is needed soon.

/// Bytes that a processor fetches at once.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// Has these values fetched, without waiting for them. Where nobody can be told, nothing is done.
pub(crate) fn all<T>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for at in (0..size_of_val(values)).step_by(LINE) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: within the slice, which lives over the call; a prefetch reads nothing and cannot
        // fault, and every x86-64 has it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(values.as_ptr().cast::<i8>().add(at)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}
