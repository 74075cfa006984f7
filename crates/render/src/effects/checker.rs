//! A board of fields that change places.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{scale, wave};

/// Complexity is the number of fields, 2 to 16 a side; intensity the contrast between the two kinds; variation gives fields
/// levels and colours of their own.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let fields = view.count(2, 16);
    let swap = wave(view.turn(2));
    view.paint(out, |_, point| {
        let column = (u32::from(point.x) * fields) >> 16;
        let row = (u32::from(point.y) * fields) >> 16;
        let field = column * 64 + row;
        let dark = (column + row).is_multiple_of(2);
        let level = if dark { swap } else { u16::MAX - swap };
        let color = if dark { 0 } else { 21_845 };
        view.shade(view.strayed(color, field), scale(level, view.uneven(field)))
    });
}
