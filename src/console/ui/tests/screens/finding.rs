//! Filters and the palette.

use super::Scene;
use super::rooms::{ordinary, pressed};

pub(super) const SCENES: &[Scene] = &[
    ("filter-typed", || pressed(ordinary(), "/ s t a t e : o")),
    ("filter-with-a-slip", || pressed(ordinary(), "/ - s t a t e : f l")),
    ("filter-kept", || pressed(ordinary(), "/ h a n d : Enter")),
    ("filter-nobody", || pressed(ordinary(), "/ z z z Enter")),
    ("filter-and-marks-hidden", || pressed(ordinary(), "Down Space Down Space Down Space / g u s Enter")),
    ("filter-long", || pressed(ordinary(), "Down Space / - p l a c e : s w i t z e r l a n d Space - s t a t e : m u t e d Enter")),
    ("palette", || pressed(ordinary(), ":")),
    ("palette-commands", || pressed(ordinary(), ": h a n d")),
    ("palette-callers", || pressed(ordinary(), ": s o r e n")),
    ("palette-nothing", || pressed(ordinary(), ": z z z")),
];
