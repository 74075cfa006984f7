//! The API as a caller sees it: requests to the router of a whole hub.

mod access;
mod access_point;
mod audit;
mod care;
mod commands;
mod conditions;
mod cues;
mod description;
mod events;
mod facts;
mod geometry;
mod guarded;
mod kept;
mod limits;
mod live;
mod ota;
mod patterns;
mod plain;
mod receivers;
mod roles;
mod rosters;
mod universes;
