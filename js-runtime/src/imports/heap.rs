//! The heap: C's `malloc` family and Rust's allocator, counted against the function's limit, laid out for snapshots.
//!
//! The cost of a request beyond its computation is the number of pages that it writes. So blocks of all sizes are cut one
//! after the other from the same pages, and before a snapshot ([`seal`]) the next block begins on a fresh page: what a
//! request makes lies together, apart from what it only reads. Freed blocks go to a list of their size, last in, first
//! out. Blocks above 8 KiB are libc's, whose allocator also supplies the pages. Must not know: JavaScript.
use super::control::refuse;
use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::null_mut;

/// In front of each block: its class, and for libc's blocks the payload's size, bytes.
#[repr(C)]
struct Header {
    size: usize,
    class: usize,
}

const HEADER: usize = size_of::<Header>();
/// Alignment of every block; QuickJS's own need.
const ALIGN: usize = 8;
/// Blocks up to this size, bytes with header, come in steps of 16; above, payloads up to [`MAX_SMALL`] come in quarters of a
/// power of two, which suits QuickJS: it cuts its small blocks from pieces of 4096.
const FINE: usize = 1024;
const MAX_SMALL: usize = 8192;
const FINE_CLASSES: usize = FINE / 16;
const CLASSES: usize = FINE_CLASSES + 1 + 12;
/// Class of a block that is libc's.
const LARGE: usize = 0;
/// What is taken from libc at once.
const CHUNK: usize = 64 << 10;
const PAGE: usize = 4096;

struct Heap {
    /// Heap in use and heap allowed, bytes.
    used: Cell<usize>,
    limit: Cell<usize>,
    /// The rest of the current chunk.
    next: Cell<*mut u8>,
    end: Cell<*mut u8>,
    /// Freed blocks by class; each one's first word leads to the next.
    free: [Cell<*mut u8>; CLASSES],
}

// SAFETY: the guest has one thread.
unsafe impl Sync for Heap {}

static HEAP: Heap = Heap {
    used: Cell::new(0),
    limit: Cell::new(usize::MAX),
    next: Cell::new(null_mut()),
    end: Cell::new(null_mut()),
    free: [const { Cell::new(null_mut()) }; CLASSES],
};

/// Sets how many bytes of heap may be in use, the engine's own included.
pub fn set_heap_limit(bytes: usize) {
    HEAP.limit.set(bytes);
}

/// Begins a fresh page for what is allocated from now on, and forgets the freed blocks of before.
pub fn seal() {
    HEAP.free.iter().for_each(|list| list.set(null_mut()));
    let page = (HEAP.next.get() as usize).next_multiple_of(PAGE);
    let room = (HEAP.end.get() as usize).saturating_sub(page);
    if room >= CHUNK / 4 {
        HEAP.next.set(page as *mut u8);
    } else {
        HEAP.end.set(HEAP.next.get());
        more();
        HEAP.next.set((HEAP.next.get() as usize).next_multiple_of(PAGE) as *mut u8);
    }
}

unsafe extern "C" {
    fn __real_malloc(size: usize) -> *mut c_void;
    fn __real_realloc(pointer: *mut c_void, size: usize) -> *mut c_void;
    fn __real_free(pointer: *mut c_void);
}

/// The class of a block for `size` bytes, at most [`MAX_SMALL`], and what it takes with its header.
#[inline]
fn class_of(size: usize) -> (usize, usize) {
    let total = size + HEADER;
    if total <= FINE {
        let class = total.div_ceil(16);
        return (class, class * 16);
    }
    // The power of two below, and which quarter above it.
    let power = usize::BITS - 1 - (size.max(FINE + 1) - 1).leading_zeros();
    let quarter = (1usize << power) / 4;
    let quarters = size.max(FINE + 1).div_ceil(quarter);
    (FINE_CLASSES + (power as usize - 10) * 4 + quarters - 4, quarters * quarter + HEADER)
}

/// Bytes of a block of that class, with its header.
#[inline]
fn size_of_class(class: usize) -> usize {
    if class <= FINE_CLASSES {
        return class * 16;
    }
    let coarse = class - FINE_CLASSES - 1;
    (256 << (coarse / 4)) * (5 + coarse % 4) + HEADER
}

/// Takes another chunk; whether there was one.
#[cold]
fn more() -> bool {
    // SAFETY: any size is allowed.
    let chunk = unsafe { __real_malloc(CHUNK) }.cast::<u8>();
    if chunk.is_null() {
        return false;
    }
    HEAP.next.set((chunk as usize).next_multiple_of(ALIGN) as *mut u8);
    HEAP.end.set(chunk.wrapping_add(CHUNK));
    true
}

#[inline]
fn fits(more: usize) -> bool {
    HEAP.used.get().saturating_add(more) <= HEAP.limit.get()
}

fn allocate(size: usize) -> *mut u8 {
    if size > MAX_SMALL {
        return allocate_large(size);
    }
    let (class, total) = class_of(size);
    if !fits(total) {
        return refuse();
    }
    let freed = HEAP.free[class].get();
    if !freed.is_null() {
        // SAFETY: a block on a list holds the next one's address, and its header is still there.
        HEAP.free[class].set(unsafe { freed.cast::<*mut u8>().read() });
        HEAP.used.set(HEAP.used.get() + total);
        return freed;
    }
    if (HEAP.end.get() as usize) - (HEAP.next.get() as usize) < total && !more() {
        return refuse();
    }
    let block = HEAP.next.get();
    HEAP.next.set(block.wrapping_add(total));
    HEAP.used.set(HEAP.used.get() + total);
    // SAFETY: `total` bytes from `block` on belong to the chunk and to nobody else.
    unsafe {
        block.cast::<Header>().write(Header { size: 0, class });
        block.add(HEADER)
    }
}

#[cold]
fn allocate_large(size: usize) -> *mut u8 {
    let total = size.saturating_add(HEADER);
    if !fits(total) {
        return refuse();
    }
    // SAFETY: any size is allowed.
    let block = unsafe { __real_malloc(total) }.cast::<u8>();
    if block.is_null() {
        return refuse();
    }
    HEAP.used.set(HEAP.used.get() + total);
    // SAFETY: just allocated, with room for the header.
    unsafe {
        block.cast::<Header>().write(Header { size, class: LARGE });
        block.add(HEADER)
    }
}

/// # Safety
/// `pointer` came from [`allocate`] and is in use.
#[inline]
unsafe fn header(pointer: *mut u8) -> *mut Header {
    // SAFETY: as promised, a header stands before it.
    unsafe { pointer.sub(HEADER).cast() }
}

/// Bytes that may be used behind `pointer`.
///
/// # Safety
/// As for [`header`].
unsafe fn usable(pointer: *mut u8) -> usize {
    // SAFETY: as promised.
    let Header { size, class } = unsafe { header(pointer).read() };
    if class == LARGE { size } else { size_of_class(class) - HEADER }
}

/// # Safety
/// As for [`header`]; afterwards it is in use no more.
unsafe fn release(pointer: *mut u8) {
    // SAFETY: as promised.
    unsafe {
        let Header { size, class } = header(pointer).read();
        if class == LARGE {
            HEAP.used.set(HEAP.used.get() - size - HEADER);
            __real_free(header(pointer).cast());
        } else {
            HEAP.used.set(HEAP.used.get() - size_of_class(class));
            pointer.cast::<*mut u8>().write(HEAP.free[class].get());
            HEAP.free[class].set(pointer);
        }
    }
}

/// # Safety
/// As for [`header`]; unless the result is null, `pointer` is in use no more.
unsafe fn reallocate(pointer: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: as promised; both blocks hold the bytes that are copied.
    unsafe {
        let old = header(pointer).read();
        if old.class == LARGE && size > MAX_SMALL {
            if size > old.size && !fits(size - old.size) {
                return refuse();
            }
            let block = __real_realloc(header(pointer).cast(), size.saturating_add(HEADER)).cast::<u8>();
            if block.is_null() {
                return refuse();
            }
            HEAP.used.set(HEAP.used.get() - old.size + size);
            block.cast::<Header>().write(Header { size, class: LARGE });
            return block.add(HEADER);
        }
        if old.class != LARGE && size <= MAX_SMALL && class_of(size).0 == old.class {
            return pointer;
        }
        let new = allocate(size);
        if !new.is_null() {
            new.copy_from_nonoverlapping(pointer, usable(pointer).min(size));
            release(pointer);
        }
        new
    }
}

// The linker's `--wrap` puts these before libc's, so that the engine, libc and Rust allocate from one place.

#[unsafe(no_mangle)]
extern "C" fn __wrap_malloc(size: usize) -> *mut c_void {
    allocate(size).cast()
}

#[unsafe(no_mangle)]
extern "C" fn __wrap_calloc(count: usize, size: usize) -> *mut c_void {
    let Some(bytes) = count.checked_mul(size) else { return refuse().cast() };
    let pointer = allocate(bytes);
    if !pointer.is_null() {
        // SAFETY: just allocated with that size.
        unsafe { pointer.write_bytes(0, bytes) };
    }
    pointer.cast()
}

/// # Safety
/// As for libc's `realloc`.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_realloc(pointer: *mut c_void, size: usize) -> *mut c_void {
    if pointer.is_null() {
        return __wrap_malloc(size);
    }
    // SAFETY: as the caller promised.
    unsafe { reallocate(pointer.cast(), size) }.cast()
}

/// # Safety
/// As for libc's `free`.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_free(pointer: *mut c_void) {
    if !pointer.is_null() {
        // SAFETY: as the caller promised.
        unsafe { release(pointer.cast()) }
    }
}

/// # Safety
/// As for libc's `malloc_usable_size`.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_malloc_usable_size(pointer: *mut c_void) -> usize {
    // SAFETY: as the caller promised.
    if pointer.is_null() { 0 } else { unsafe { usable(pointer.cast()) } }
}

struct Allocator;

// SAFETY: blocks are aligned to `ALIGN`. For more, a larger block is taken and the word before the aligned address leads to its
// start; the layout tells the two apart.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= ALIGN {
            return allocate(layout.size());
        }
        let block = allocate(layout.size() + layout.align());
        if block.is_null() {
            return block;
        }
        let aligned = (block as usize + size_of::<usize>()).next_multiple_of(layout.align()) as *mut u8;
        // SAFETY: at least a word lies between the block's start and the aligned address.
        unsafe { aligned.cast::<*mut u8>().sub(1).write(block) };
        aligned
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: it came from `alloc` with this layout.
        unsafe {
            let aligned = layout.align() > ALIGN;
            release(if aligned { pointer.cast::<*mut u8>().sub(1).read() } else { pointer });
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.align() <= ALIGN {
            // SAFETY: it came from `alloc`.
            return unsafe { reallocate(pointer, size) };
        }
        // SAFETY: as the caller promised; both ranges hold the smaller of the two sizes.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                pointer.copy_to_nonoverlapping(new, layout.size().min(size));
                self.dealloc(pointer, layout);
            }
            new
        }
    }
}

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;
