//! Frames of the pattern upload: requests, answers, listings, names.

use cuelight_wire::tlv::{Answer, Frame, Listing, Metrics, Name, RECEIVE_BUFFER, Request};

/// What is understood is written again as the same bytes, and no length leads beyond the message.
pub fn run(data: &[u8]) {
    if let Ok(name) = Name::normalised(data) {
        assert_eq!(Name::normalised(name.as_str().as_bytes()), Ok(name), "a name stays as it is");
    }
    let Ok(frame) = Frame::decode(data) else { return };
    let mut buf = vec![0; data.len().max(RECEIVE_BUFFER)];
    let len = frame.encode(&mut buf).expect("a frame is as long as it was");
    assert_eq!(&buf[..len], data);
    if let Ok(request) = Request::read(&frame) {
        let len = request.write(frame.dialect, &mut buf).expect("its own dialect can say it");
        assert_eq!(&buf[..len], data);
    }
    if let Some(metrics) = Metrics::read(&frame) {
        let len = metrics.write(frame.dialect, &mut buf).expect("figures are short");
        let again = Frame::decode(&buf[..len]).expect("what is written is a frame");
        assert_eq!(Metrics::read(&again), Some(metrics));
    }
    if let Some(Answer::Status { rest, .. }) = Answer::read(&frame)
        && let Ok(listing) = Listing::read(rest)
    {
        let bytes: usize = listing.entries().map(|entry| 1 + entry.name.len() + 4).sum();
        assert_eq!(bytes + 2, rest.len(), "entries fill the frame");
    }
}
