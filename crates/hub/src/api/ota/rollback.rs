//! `POST /api/v1/ota/rollback`: the nodes that the last rollout has updated go back to what they ran before (OTA-13).

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use cuelight_conductor::rollout::{Order, Phase, version_of};
use cuelight_conductor::{Command, NodeRef, Snapshot};

use super::rollout::{Manner, images};
use crate::api::Problem;
use crate::api::answer::{CommandAnswer, carry_out};
use crate::api::body::Body;
use crate::shared::Shared;

/// The nodes that the last rollout has updated go back to what they ran before.
#[utoipa::path(
    post,
    path = "/ota/rollback",
    operation_id = "rollBack",
    tag = "updates",
    request_body = Manner,
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn post(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Body(manner): Body<Manner>,
) -> Result<Json<CommandAnswer>, Problem> {
    let (version, nodes) = way_back(&shared.snapshot.load())?;
    let order = manner.order(version.clone(), images(&shared, &version).await?);
    carry_out(&shared, &headers, Command::BeginRollout(Box::new(Order { nodes: Some(nodes), ..order }))).await
}

/// The version that was there before the last rollout, and the nodes that run what that brought.
fn way_back(snapshot: &Snapshot) -> Result<(String, Vec<NodeRef>), Problem> {
    let rollout = snapshot.rollout.as_ref().ok_or_else(|| Problem::conflict("nothing has been rolled out yet"))?;
    let runs_it = |mac| snapshot.nodes.iter().any(|node| node.mac == mac && version_of(&node.fw) == rollout.version);
    let updated: Vec<_> = rollout.steps.iter().filter(|step| step.phase == Phase::Done && runs_it(step.mac)).collect();
    let before: BTreeSet<&str> = updated.iter().map(|step| version_of(&step.from)).collect();
    match before.into_iter().collect::<Vec<_>>().as_slice() {
        [] => Err(Problem::conflict(format!("no node runs {} because of the last rollout", rollout.version))),
        [version] => {
            let nodes = updated.iter().map(|step| NodeRef::Mac(step.mac)).collect();
            Ok(((*version).to_owned(), nodes))
        }
        several => Err(Problem::conflict(format!(
            "the nodes ran different versions before ({}): roll out each of them to its own nodes",
            several.join(", ")
        ))),
    }
}
