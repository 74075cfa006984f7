"""Lists, uploads and deletes a pattern in the plain dialect: python3 patterns.py ws://HOST:PORT/ws NAME FILE"""
import asyncio, sys, websockets

async def main(url, name, file):
    async with websockets.connect(url) as store:
        ask = lambda kind, value=b"": store.send(bytes([kind]) + len(value).to_bytes(2, "big") + value)
        data = open(file, "rb").read()
        await ask(0x21); print("before", (await store.recv()).hex())
        await ask(0x10, name.encode())
        for at in range(0, len(data), 1024):
            await ask(0x11, data[at:at + 1024])
        await ask(0x12); print("stored", (await store.recv()).hex())
        await ask(0x21); print("listed", (await store.recv()).hex())
        await ask(0x20, name.encode()); print("deleted", (await store.recv()).hex())
        await ask(0x21); print("after", (await store.recv()).hex())

asyncio.run(main(*sys.argv[1:]))
