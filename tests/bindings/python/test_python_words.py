#!/usr/bin/env python3
"""The words of events are those of the library; events are mappings."""
import copy
import json
import pickle
import typing
from collections.abc import Mapping

from pycommon import WAIT, Case, main, sipdialer
from sipdialer import _abi, _words


class Words(Case):
    def test_they_are_those_of_the_library(self):
        for name in ("EventType", "Registration", "CampaignStatus", "ContactStatus",
                     "Disposition", "Amd", "LogLevel"):
            here, there = getattr(_words, name), getattr(_abi, name)
            skip = {"NONE"} if name == "EventType" else set()
            self.assertEqual([w.name for w in here],
                             [w.name for w in there if w.name not in skip], name)
            for word in here:
                self.assertEqual((word, str(word), f"{word}", hash(word)),
                                 (word.name.lower(),) * 3 + (hash(word.name.lower()),))
        self.assertEqual(set(typing.get_args(_words.EventName)), _words.NAMES | {"event"})

    def test_they_are_what_events_carry(self):
        d = self.dialer(self.network(), log_level=sipdialer.LogLevel.DEBUG)
        self.assertEqual(d.get("log.level"), "debug")
        seen = []
        d.on(sipdialer.EventType.CALL_ENDED)(seen.append)
        ended = d.call("4930123401").ended().wait(WAIT)
        self.assertEqual(seen[0].disposition, sipdialer.Disposition.BUSY)
        self.assertEqual(ended.name, sipdialer.EventType.CALL_ENDED)
        self.assertEqual({"busy": 1}[sipdialer.Disposition.BUSY], 1)

    def test_events_are_mappings(self):
        d = self.dialer()
        event = next(d.events(timeout=WAIT))
        self.assertIsInstance(event, Mapping)
        self.assertEqual(dict(event.items()), dict(event))
        self.assertIn("started", list(event.values()))
        self.assertEqual(json.loads(json.dumps(dict(event))), dict(event))
        self.assertEqual(copy.copy(event), event)
        self.assertEqual(copy.deepcopy([event]), [event])
        self.assertEqual(len({event, copy.copy(event)}), 1)
        with self.assertRaisesRegex(TypeError, r"use dict\(event\)"):
            pickle.dumps(event)
        with self.assertRaises(AttributeError):
            sipdialer.Event.__new__(sipdialer.Event)._fields  # pylint: disable=W0106


if __name__ == "__main__":
    main()
