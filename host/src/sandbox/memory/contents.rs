//! What a memory is restored to: an image, and how the memory differs from it.
//!
//! Plain data. Must not know: which function it is of, which instances are bound to it.
use super::ZEROS;
use super::delta::Delta;
use super::image::Image;
use crate::sandbox::SandboxError;
use std::borrow::Cow;
use std::sync::Arc;

/// A difference of more pages becomes an image of its own: binding it then costs what is touched, not its size.
const LARGE_DELTA: usize = 256;

/// The contents of a memory. Instances bound to the same value hold the same contents when at rest.
#[derive(Debug)]
pub struct Contents {
    image: Arc<Image>,
    delta: Delta,
    /// Whether only these contents use `image`.
    own: bool,
}

impl Contents {
    /// An image as it is.
    pub fn of_image(image: Arc<Image>) -> Contents {
        Contents { image, delta: Delta::default(), own: false }
    }

    /// `base` with `delta`.
    pub fn over(base: &Arc<Image>, mut delta: Delta) -> Result<Contents, SandboxError> {
        if delta.len() <= LARGE_DELTA {
            delta.shrink_to_fit();
            return Ok(Contents { image: Arc::clone(base), delta, own: false });
        }
        let image = Arc::new(Image::compose(base, &delta)?);
        Ok(Contents { image, delta: Delta::default(), own: true })
    }

    /// The image.
    pub fn image(&self) -> &Arc<Image> {
        &self.image
    }

    /// The difference from [`Contents::image`].
    pub fn delta(&self) -> &Delta {
        &self.delta
    }

    /// The difference from `base`, also where the contents have an image of their own.
    pub fn difference_from(&self, base: &Arc<Image>) -> Cow<'_, Delta> {
        if Arc::ptr_eq(&self.image, base) {
            return Cow::Borrowed(&self.delta);
        }
        let pages = 0..self.image.extent().max(base.extent());
        let both = |page| (page, self.image.page(page).unwrap_or(ZEROS), base.page(page).unwrap_or(ZEROS));
        Cow::Owned(Delta::between(pages.map(both)))
    }

    /// Memory that they hold beyond a shared image, bytes.
    pub fn weight(&self) -> usize {
        let own = if self.own { self.image.weight() } else { 0 };
        own + self.delta.weight() + size_of::<Contents>()
    }
}
