//! CONTROL.

use cuelight_pattern::service::Light;
use cuelight_wire::tlv::{Control, Dialect, ErrorCode, Request};

use crate::support::{Heard, Server, file};

/// PATTERN-21
#[tokio::test]
async fn what_is_asked_of_the_lights_is_handed_on_and_answered_with_what_came_of_it() {
    let mut server = Server::start();
    let entry = server.store.put(&"ocean".parse().unwrap(), &file(100)).unwrap();
    server.store.put(&"note".parse().unwrap(), b"no pattern").unwrap();
    let mut client = server.client(Dialect::Checked).await;
    let play = |name| Request::Control(Control::Play { name });
    for (request, light) in [
        (play(b"Ocean.prism"), Light::Play(entry)),
        (Request::Control(Control::Stop), Light::Stop),
        (Request::Control(Control::Brightness(128)), Light::Brightness(128)),
    ] {
        let taken = async {
            let order = server.orders.recv().await.unwrap();
            order.answer.send(Ok(())).unwrap();
            order.light
        };
        let (heard, taken) = tokio::join!(client.ask(request), taken);
        assert!(matches!(heard, Heard::Done(_)), "{heard:?}");
        assert_eq!(taken, light);
    }
    let refused = async {
        let order = server.orders.recv().await.unwrap();
        order.answer.send(Err("a hub conducts this node".into())).unwrap();
    };
    let (heard, ()) = tokio::join!(client.ask(play(b"ocean")), refused);
    assert_eq!(heard, Heard::Error(ErrorCode::InvalidTlv, "a hub conducts this node".into()));
    // Refused before anybody hears of it.
    client.say(play(b"note")).await;
    assert!(client.refused(ErrorCode::PatternNotFound).await.contains("PRSM"));
    client.say(play(b"nobody")).await;
    client.refused(ErrorCode::PatternNotFound).await;
    for control in [Control::Gamma(&[220]), Control::Template(&[1, 2])] {
        client.say(Request::Control(control)).await;
        client.refused(ErrorCode::InvalidTlv).await;
    }
    assert!(server.orders.try_recv().is_err());
    // Nobody there to play.
    server.orders.close();
    client.say(play(b"ocean")).await;
    assert!(client.refused(ErrorCode::InvalidTlv).await.contains("nothing here can play"));
}

/// PATTERN-12
#[tokio::test]
async fn frames_sent_in_one_go_are_answered_in_their_order() {
    let mut server = Server::start();
    let mut client = server.client(Dialect::Checked).await;
    let file = file(2_000);
    client.push("ocean", &file, 1024).await;
    for request in [
        Request::Control(Control::Play { name: b"ocean" }),
        Request::Control(Control::Play { name: b"nobody" }),
        Request::Control(Control::Stop),
        Request::Delete { name: b"ocean" },
        Request::End,
    ] {
        client.say(request).await;
    }
    // Not before what was asked for came to pass is anything behind it answered.
    for _ in 0..4 {
        assert!(matches!(client.hear().await, Heard::Done(_)), "PUT_BEGIN, two of PUT_DATA, PUT_END");
    }
    let played = server.orders.recv().await.unwrap();
    assert!(matches!(&played.light, Light::Play(entry) if entry.name.as_str() == "ocean"), "{:?}", played.light);
    assert_eq!(server.bytes("ocean"), file, "the frames behind PLAY wait");
    played.answer.send(Err("not now".into())).unwrap();
    assert_eq!(client.hear().await, Heard::Error(ErrorCode::InvalidTlv, "not now".into()));
    client.refused(ErrorCode::PatternNotFound).await;
    let stopped = server.orders.recv().await.unwrap();
    assert_eq!(stopped.light, Light::Stop);
    stopped.answer.send(Ok(())).unwrap();
    assert!(matches!(client.hear().await, Heard::Done(_)), "STOP");
    assert!(matches!(client.hear().await, Heard::Done(_)), "DELETE");
    client.refused(ErrorCode::InvalidTlv).await;
    assert!(server.names().is_empty());
}
