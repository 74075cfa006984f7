//! Events and show time to pixels: schedule, layers, effects, palettes, zones, colour.
