//! The constants of protocol version 1 (frozen; `docs/protocol/10-constants.md`).

use core::net::Ipv4Addr;

use crate::time::Span;

/// Protocol version: first byte of every stream packet, `proto` of hello and welcome.
pub const PROTO_VER: u8 = 1;
/// UDP port of the stream plane on a node, unless its hello says otherwise.
pub const UDP_PORT: u16 = 49_152;
/// UDP port of the time exchange on a hub.
pub const TS_UDP_PORT: u16 = 49_154;
/// Control plane port of an appliance hub.
pub const CTRL_HTTP_PORT: u16 = 80;
/// Control plane port of a hub started without privileges.
pub const CTRL_HTTP_PORT_UNPRIVILEGED: u16 = 8080;
/// The hub's own address when it is the access point.
pub const HUB_IP: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);
/// Bits of the network part of addresses on the access point's network.
pub const HUB_NETWORK_BITS: u8 = 24;
/// First address that a hub as access point gives to others.
pub const DHCP_FIRST: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 2);
/// Last address that a hub as access point gives to others.
pub const DHCP_LAST: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 50);
/// Port on which a node takes patterns, unless it is taken.
pub const PATTERN_PORT: u16 = 8081;
/// Path of the control plane WebSocket, and of pattern sessions.
pub const WS_PATH: &str = "/ws";
/// A node says it is alive this often.
pub const KEEPALIVE_PERIOD: Span = Span::from_ms(1000);
/// A hub that hears no keepalive for this long calls the node lost.
pub const KEEPALIVE_TIMEOUT: Span = Span::from_ms(3500);
/// How many times the keepalive timeout a control connection may be stuck while UDP still passes (ROSTER-4, CTRL-38). TCP sends a
/// lost segment again after 0.2, 0.4, 0.8 ... s: six losses in a row are 12.6 s, and come once in 15,000 segments at 20 % loss.
pub const STUCK_TIMEOUTS: i64 = 5;
/// Time exchange period while not locked.
pub const TS_PING_PERIOD: Span = Span::from_ms(200);
/// Good samples before lock.
pub const TS_LOCK_SAMPLES_N: u32 = 10;
/// Ticks of the stream per second.
pub const UDP_TICK_HZ: u32 = 100;
/// Time between two ticks.
pub const UDP_TICK_PERIOD: Span = Span::from_us(1_000_000 / UDP_TICK_HZ as i64);
/// Default lead of applyAt over hubNow.
pub const APPLY_AHEAD: Span = Span::from_us(30_000);
/// Lead for Wi-Fi, which delivers in bursts 100 to 250 ms apart.
pub const APPLY_AHEAD_WIFI: Span = Span::from_ms(250);
/// Drift beyond which a node is degraded.
pub const DRIFT_DEGRADED: Span = Span::from_us(3000);
/// Loss beyond which a node is degraded, percent.
pub const LOSS_DEGRADED_PCT: f32 = 2.0;
/// Stream silence beyond which a node is degraded.
pub const UDP_SILENCE_DEGRADED: Span = Span::from_ms(200);
/// Stream silence beyond which a node falls back.
pub const UDP_SILENCE_FAIL: Span = Span::from_ms(500);
/// A lost node's place in the roster is kept this long.
pub const LOST_CLEANUP: Span = Span::from_ms(10_000);
/// Events a node's schedule holds.
pub const SCHEDULE_CAPACITY: usize = 64;
/// Events applied at one frame start.
pub const MAX_DUE_PER_FRAME: usize = 16;
/// Largest payload of a stream packet, bytes.
pub const MAX_STREAM_PAYLOAD: usize = 512;
/// Stream changes farther ahead than this are refused (held by their own engine instead).
pub const SCHEDULE_HORIZON: Span = Span::from_ms(10_000);
/// Largest control message deployed nodes take, bytes.
pub const MAX_CONTROL_MESSAGE: usize = 1024;
/// Longest session token in characters; deployed nodes cut what is longer before hashing.
pub const MAX_TOKEN_LEN: usize = 63;
/// Frames rendered per second.
pub const FRAME_HZ: u32 = 120;
/// Zones of one scene.
pub const MAX_ZONES: usize = 4;
/// Layers a full-state packet carries.
pub const MAX_LAYERS: usize = 3;
