//! What one exchange costs the estimator with a full window.
use criterion::{Criterion, criterion_group, criterion_main};
use cuelight_proto::sync::{Estimator, Exchange, Profile};
use cuelight_wire::time::{Span, Time};

fn exchange(i: i64) -> Exchange {
    let jitter = |salt: i64| Span::from_ns(((i + salt).wrapping_mul(7_919) % 1_009) * 1_000);
    let sent = i * 200_000_000;
    let (t1, t2) = (Time::from_ns(sent), Time::from_ns(sent + 1_000_000) + jitter(0));
    let t3 = t2 + Span::from_us(20);
    Exchange { t1, t2, t3, t4: Time::from_ns(t3.as_ns()) + Span::from_ms(1) + jitter(500) }
}

fn update(c: &mut Criterion) {
    let mut estimator = Estimator::new(Profile::DEFAULT);
    let mut i = 0;
    let mut step = || {
        let exchange = exchange(i);
        i += 1;
        estimator.on_exchange(exchange, exchange.t4)
    };
    for _ in 0..2_000 {
        step();
    }
    c.bench_function("estimator update", |b| b.iter(&mut step));
}

criterion_group!(benches, update);
criterion_main!(benches);
