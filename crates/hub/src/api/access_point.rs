//! `GET /api/v1/access-point`: the hub's own network, when it makes one.

use std::io;

use axum::Json;
use axum::extract::State;
use cuelight_net::clock::wall_now;
use cuelight_wire::limits::{HUB_IP, HUB_NETWORK_BITS};
use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;
use crate::access_point::{Facts, Lease, ProgramState, Radio};
use crate::shared::Shared;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessPointView {
    interface: String,
    /// Whether the interface is there with its address.
    up: bool,
    address: String,
    radio: RadioView,
    /// The programs that run it.
    programs: Vec<ProgramState>,
    /// Addresses given away, by address.
    leases: Vec<Lease>,
    /// What is dangerous, one sentence each.
    risks: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct RadioView {
    driver: &'static str,
    /// Whether the network is on the air.
    on: bool,
    /// What it is called and where; nothing without a radio.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<NetworkView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct NetworkView {
    ssid: String,
    channel: u8,
    country: Option<String>,
    /// Devices that are joined to it.
    stations: usize,
}

/// The hub's own network. 404 when it makes none.
#[utoipa::path(
    get,
    path = "/access-point",
    operation_id = "getAccessPoint",
    tag = "hub",
    responses((status = OK, description = "What there is", body = AccessPointView)),
)]
pub(crate) async fn get(State(shared): State<Shared>) -> Result<Json<AccessPointView>, Problem> {
    let Some(facts) = shared.access_point else {
        return Err(Problem::not_found(
            "this hub is no access point; one is started with cuelight hub --access-point INTERFACE".to_owned(),
        ));
    };
    // Files are read where they do not hold up connections.
    let view = tokio::task::spawn_blocking(move || view(&facts)).await;
    let view = view.map_err(|_| Problem::unavailable("the hub is stopping"))?;
    view.map(Json).map_err(|error| Problem::unavailable(format!("the leases cannot be read: {error}")))
}

fn view(facts: &Facts) -> io::Result<AccessPointView> {
    let wall_s = u64::try_from(wall_now().as_ns() / 1_000_000_000).unwrap_or(0);
    let (settings, state) = (&facts.settings, facts.state());
    let network = (settings.radio != Radio::Off).then(|| NetworkView {
        ssid: settings.ssid.to_string(),
        channel: settings.channel.number(),
        country: settings.country.map(|country| country.to_string()),
        stations: state.stations.len(),
    });
    Ok(AccessPointView {
        interface: settings.interface.to_string(),
        up: state.interface_up,
        address: format!("{HUB_IP}/{HUB_NETWORK_BITS}"),
        radio: RadioView { driver: settings.radio.word(), on: state.radio_on, network },
        programs: state.programs,
        leases: facts.leases(wall_s)?,
        risks: settings.risks(),
    })
}
