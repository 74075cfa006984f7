#!/usr/bin/env python3
"""A node as deployed, written from the byte layouts of docs/protocol alone.

It knows the deployed packets and messages and nothing else: hello without `ext`, keepalives that always report 0, the
time exchange with the deployed filter, PARAM_DELTA, BEAT_TICK, SCENE_CHANGE, HEARTBEAT, and the show messages whose type is
named by `type`. It imports nothing of Cuelight.

What it does is written as one JSON object a line: `mono_ns` is CLOCK_MONOTONIC, `show_us` what it takes for show time then.
"""

import argparse
import asyncio
import heapq
import json
import os
import signal
import socket
import struct
import time

import websockets

PROTO = 1
STREAM_PORT = 49152
EXCHANGE_PORT = 49154
KEEPALIVE_S = 1.0
PING_S, PING_LOCKED_S = 0.2, 1.0
# The WebSocket is asked when no UDP answer has come for so long.
UDP_SILENT_S = 1.6
# The deployed filter.
WEIGHT = 0.2
MAX_DELAY_US = 100_000
LOCK_SAMPLES = 10
LOCK_DEVIATION_US = 20_000
# Changes farther ahead are taken for this far ahead.
MAX_AHEAD_US = 500_000
# The last of a wait is spun: asyncio's timers are a millisecond late.
SPIN_US = 1_500

HEADER = struct.Struct(">BBHIIqq")  # version, type, payload length, number, token hash, hubNow_us, applyAt_us
PARAM_DELTA = struct.Struct(">HHBBH")  # effect, palette, brightness, speed, hue << 8
BEAT_TICK = struct.Struct(">HBB")  # bpm x 100, phase, flags
SCENE_CHANGE = struct.Struct(">HH")  # effect, palette
PING = struct.Struct("<BBHIIQ")  # version, type 1, reserved, number, token hash, t1_us
PONG = struct.Struct("<BBHIIQQQ")  # the same with type 2, then t2_us, t3_us

PARAMETERS = ("brightness", "speed", "paletteId", "hue", "intensity", "saturation", "complexity", "variation")


def fnv1a(text):
    """FNV-1a, 32 bits, of the token's ASCII bytes."""
    value = 2166136261
    for byte in text.encode("ascii"):
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


class Clock:
    """The deployed filter: offset = hub - local, one sample after the other mixed in."""

    def __init__(self, offset_us):
        self.injected_us = offset_us
        self.offset_us = None
        self.drift_us = 0
        self.delays = []
        self.samples = 0

    def local_us(self):
        return time.monotonic_ns() // 1000 + self.injected_us

    def show_us(self):
        return None if self.offset_us is None else self.local_us() + round(self.offset_us)

    def sample(self, offset_us, delay_us):
        """Takes a measurement; true when it was the one that locked the clock."""
        if not 0 <= delay_us <= MAX_DELAY_US:
            return False
        was_locked = self.is_locked()
        if self.offset_us is None:
            self.offset_us = float(offset_us)
        self.drift_us = offset_us - self.offset_us
        self.offset_us += WEIGHT * self.drift_us
        self.samples += 1
        self.delays = (self.delays + [delay_us])[-LOCK_SAMPLES:]
        return self.is_locked() and not was_locked

    def is_locked(self):
        if self.samples < LOCK_SAMPLES:
            return False
        mean = sum(self.delays) / len(self.delays)
        variance = sum((delay - mean) ** 2 for delay in self.delays) / len(self.delays)
        return variance**0.5 < LOCK_DEVIATION_US


class Node:
    """One session of a deployed node."""

    def __init__(self, options):
        self.options = options
        self.clock = Clock(options.offset_us)
        self.report = open(options.report, "a", buffering=1)
        self.state = {}
        self.queue = []  # (applyAt_us, order of arrival, fields)
        self.known = set()  # what the stream has already brought: (applyAt_us, type, payload)
        self.order = 0
        self.wake = asyncio.Event()
        self.expected = None
        self.counts = {"packets": 0, "gaps": 0, "late": 0, "unlocked": 0, "ws_pongs": 0, "udp_pongs": 0, "repeats": 0}
        self.kinds, self.drops = {}, {}
        self.bpm = None
        self.last_tick_us = None
        self.ping_number = 0
        self.pings = {}
        self.last_udp_pong = 0.0

    def tell(self, kind, **fields):
        line = {"kind": kind, "mono_ns": time.monotonic_ns(), "show_us": self.clock.show_us()}
        self.report.write(json.dumps(line | fields) + "\n")

    # The control plane.

    async def run(self):
        uri = f"ws://{self.options.hub}:{self.options.port}/ws"
        async with websockets.connect(uri) as self.ws:
            hello = {"t": "hello", "proto": PROTO, "mac": self.options.mac, "fw": "k1-v2.7.3"}
            hello["caps"] = {"udp": True, "ota": True, "clock": True}
            hello["topo"] = {"leds": 320, "channels": 2}
            await self.ws.send(json.dumps(hello))
            welcome = json.loads(await self.ws.recv())
            assert welcome["t"] == "welcome", welcome
            self.token, self.node_id = welcome["token"], welcome["nodeId"]
            self.hash = fnv1a(self.token)
            self.tell("welcome", fields=sorted(welcome))
            self.open_sockets()
            parts = [self.read(), self.keep_alive(), self.measure(), self.apply_due()]
            await asyncio.gather(*parts)

    async def send(self, kind, **fields):
        await self.ws.send(json.dumps({"t": kind, "nodeId": self.node_id, "token": self.token} | fields))

    async def keep_alive(self):
        started = time.monotonic()
        while True:
            uptime = int(time.monotonic() - started)
            await self.send("ka", rssi=-55, loss_pct=0, drift_us=0, uptime_s=uptime)
            await asyncio.sleep(KEEPALIVE_S)

    async def read(self):
        async for text in self.ws:
            assert len(text) <= 1024, f"a message of {len(text)} bytes"
            message = json.loads(text)
            kind = message.get("t") or message.get("type")
            if kind == "ts_pong":
                self.counts["ws_pongs"] += 1
                now_us = self.clock.local_us()
                t1 = message["t1_us"]
                self.measured(message["t2_us"] - (t1 + now_us) / 2, now_us - t1, "ws")
            elif kind == "state.snapshot":
                self.schedule(message["applyAt_us"], message["global"], "control")
            elif kind == "effects.setCurrent":
                assert "t" not in message, message
                self.schedule(message["applyAt_us"], {"effectId": message["effectId"]}, "control")
            elif kind == "parameters.set":
                assert "t" not in message, message
                fields = {name: message[name] for name in PARAMETERS if name in message}
                self.schedule(message["applyAt_us"], fields, "control")
            else:
                self.tell("message", of=kind)

    # The time exchange.

    def open_sockets(self):
        loop = asyncio.get_running_loop()
        self.exchange = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.exchange.setblocking(False)
        self.exchange.connect((self.options.hub, EXCHANGE_PORT))
        loop.add_reader(self.exchange, self.read_pongs)
        self.stream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.stream.setblocking(False)
        self.stream.bind(("0.0.0.0", STREAM_PORT))
        loop.add_reader(self.stream, self.read_stream)

    async def measure(self):
        self.last_udp_pong = time.monotonic()
        last_ws = 0.0
        while True:
            self.ping_number += 1
            t1 = self.clock.local_us()
            self.pings = {self.ping_number: t1}
            self.exchange.send(PING.pack(PROTO, 1, 0, self.ping_number, self.hash, t1))
            now = time.monotonic()
            # Deployed nodes know both; here the WebSocket is asked now and then, and whenever UDP is silent.
            if now - self.last_udp_pong > UDP_SILENT_S or now - last_ws > 5.0:
                last_ws = now
                await self.send("ts_ping", seq=self.ping_number, t1_us=self.clock.local_us())
            await asyncio.sleep(PING_LOCKED_S if self.clock.is_locked() else PING_S)

    def read_pongs(self):
        while True:
            try:
                pong = self.exchange.recv(2048)
            except BlockingIOError:
                return
            t4 = self.clock.local_us()
            if len(pong) != PONG.size:
                self.drop("pong of another length")
                continue
            version, kind, _, number, token_hash, t1, t2, t3 = PONG.unpack(pong)
            if (version, kind, token_hash) != (PROTO, 2, self.hash) or self.pings.pop(number, None) != t1:
                self.drop("pong of nobody's ping")
                continue
            self.last_udp_pong = time.monotonic()
            self.counts["udp_pongs"] += 1
            self.measured(((t2 - t1) + (t3 - t4)) / 2, (t4 - t1) - (t3 - t2), "udp")

    def measured(self, offset_us, delay_us, way):
        if way == "ws" and time.monotonic() - self.last_udp_pong < UDP_SILENT_S:
            return
        if self.clock.sample(offset_us, delay_us):
            self.tell("locked", samples=self.clock.samples)

    # The stream.

    def drop(self, reason):
        self.drops[reason] = self.drops.get(reason, 0) + 1

    def read_stream(self):
        while True:
            try:
                packet = self.stream.recv(2048)
            except BlockingIOError:
                return
            self.handle_packet(packet)

    def handle_packet(self, packet):
        if len(packet) < HEADER.size:
            return self.drop("cut short")
        version, kind, length, number, token_hash, hub_now, apply_at = HEADER.unpack_from(packet)
        payload = packet[HEADER.size :]
        if version != PROTO:
            return self.drop("another version")
        if kind not in (1, 2, 3, 4):
            return self.drop("unknown type")
        if length != len(payload) or length > 512:
            return self.drop("another length")
        if token_hash != self.hash:
            return self.drop("another session")
        if self.expected is not None:
            ahead = (number - self.expected) & 0xFFFFFFFF
            if ahead >= 1 << 31:
                self.counts["late"] += 1
                return None
            self.counts["gaps"] += ahead
        self.expected = (number + 1) & 0xFFFFFFFF
        self.counts["packets"] += 1
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        # Packets of one tick are microseconds apart; a tick that the machine held up may be close before the next one.
        if self.last_tick_us is not None and hub_now - self.last_tick_us < 1_000:
            self.drop("second packet of a tick")
        self.last_tick_us = hub_now
        if not self.clock.is_locked():
            self.counts["unlocked"] += 1
            return None
        if kind == 1:
            effect, palette, brightness, speed, hue = PARAM_DELTA.unpack(payload)
            fields = {"effectId": effect, "paletteId": palette, "brightness": brightness, "speed": speed}
            self.once(apply_at, kind, payload, fields | {"hue": hue >> 8})
        elif kind == 3:
            effect, palette = SCENE_CHANGE.unpack(payload)
            self.once(apply_at, kind, payload, {"effectId": effect, "paletteId": palette})
        elif kind == 2:
            bpm, phase, flags = BEAT_TICK.unpack(payload)
            if bpm != self.bpm:
                self.bpm = bpm
                self.tell("beat", bpm_x100=bpm, phase=phase, flags=flags, apply_at_us=apply_at)
        return None

    def once(self, apply_at, kind, payload, fields):
        """A change of the stream is repeated with the same applyAt: only the first counts."""
        if (apply_at, kind, payload) in self.known:
            self.counts["repeats"] += 1
            return
        if len(self.known) > 4096:
            self.known.clear()
        self.known.add((apply_at, kind, payload))
        self.schedule(apply_at, fields, "stream")

    # The schedule.

    def schedule(self, apply_at, fields, via):
        now = self.clock.show_us()
        if now is not None:
            apply_at = min(apply_at, now + MAX_AHEAD_US)
        self.order += 1
        heapq.heappush(self.queue, (apply_at, self.order, fields, via))
        self.wake.set()

    async def apply_due(self):
        while True:
            self.wake.clear()
            if not self.queue or not self.clock.is_locked():
                try:
                    await asyncio.wait_for(self.wake.wait(), 0.05)
                except asyncio.TimeoutError:
                    pass
                continue
            ahead = self.queue[0][0] - self.clock.show_us()
            if ahead > SPIN_US:
                # Something sooner may come meanwhile.
                try:
                    await asyncio.wait_for(self.wake.wait(), (ahead - SPIN_US) / 1e6)
                except asyncio.TimeoutError:
                    pass
                continue
            while self.clock.show_us() < self.queue[0][0]:
                pass
            self.apply(self.queue[0][0])

    def apply(self, apply_at):
        """Everything for one instant is one change; what changes nothing is none."""
        before, vias = dict(self.state), []
        while self.queue and self.queue[0][0] == apply_at:
            _, _, fields, via = heapq.heappop(self.queue)
            self.state.update(fields)
            vias.append(via)
        if self.state != before:
            self.tell("applied", apply_at_us=apply_at, via=vias, state=self.state)

    def finish(self):
        counts = self.counts | {"drops": self.drops, "kinds": {str(kind): n for kind, n in self.kinds.items()}}
        self.tell("end", samples=self.clock.samples, **counts)
        self.report.close()


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hub", required=True)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--mac", required=True)
    parser.add_argument("--report", required=True)
    parser.add_argument("--offset-us", type=int, default=0, help="pretend that this machine's clock is so far off")
    node = Node(parser.parse_args())
    try:
        # A deployed node is a microcontroller with nothing else to do.
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(40))
    except PermissionError:
        node.tell("refused", what="real-time priority")
    session = asyncio.ensure_future(node.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, session.cancel)
    try:
        await session
    except asyncio.CancelledError:
        pass
    finally:
        node.finish()


if __name__ == "__main__":
    asyncio.run(main())
