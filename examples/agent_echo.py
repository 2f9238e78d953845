#!/usr/bin/env python3
"""An agent that says what it hears, a second later.

    agent_echo.py NUMBER-OR-URI

Where the echo is, speech recognition, a model and speech synthesis would be.
"""
import asyncio
import sys

import sipdialer

RATE = 16000                         # samples a second, 16 bit


async def talk(call):
    """One conversation, until somebody hangs up."""
    audio, heard = call.audio, 0
    await audio.write_all(bytes(2 * RATE))           # a second of silence
    async for frame in audio:                        # a memoryview of int16
        heard += len(frame)
        await audio.write_all(frame)
    return heard / RATE


async def main(to):
    async with sipdialer.Dialer() as dialer:
        call = dialer.call(to, call_audio=RATE, dial_max_duration=60)
        if await call.answered():
            print("heard %.1f s" % await talk(call))
        ended = await call.ended()
        print(ended.disposition, ended.reason)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        asyncio.run(main(sys.argv[1]))
    except sipdialer.SipdialerError as e:
        sys.exit("agent_echo.py: %s" % e)
