//! Updates: what nodes fetch (`/ota/`), and what operators publish and roll out (`/api/v1/ota/`).

pub(super) mod files;
pub(super) mod images;
pub(super) mod rollback;
pub(super) mod rollout;
pub(super) mod rollout_view;
pub(super) mod uploads;

use tokio::task::spawn_blocking;

use super::Problem;
use crate::images::{Images, Refused};
use crate::shared::Shared;

/// Does something with the images that reads or writes files.
async fn with_images<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&Images) -> Result<T, Refused> + Send + 'static,
) -> Result<T, Problem> {
    let images = shared.images.clone();
    let done = spawn_blocking(move || work(&images)).await;
    done.map_err(|_| Problem::unavailable("the hub's disk did not answer"))?.map_err(refused)
}

fn refused(error: Refused) -> Problem {
    let detail = error.to_string();
    match error {
        Refused::Manifest(_) | Refused::WrongUpload { .. } => Problem::unprocessable(detail),
        Refused::NotUploaded { .. }
        | Refused::OtherPlace { .. }
        | Refused::OtherBytes { .. }
        | Refused::OlderCounter { .. }
        | Refused::Full { .. }
        | Refused::Damaged { .. } => Problem::conflict(detail),
        Refused::Disk { .. } => Problem::unavailable(detail),
    }
}
