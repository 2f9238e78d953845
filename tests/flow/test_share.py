#!/usr/bin/env python3
"""Several engines on one store: whose call ids, and what if one is taken."""
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
from sipdialer_ct import Engine, Refused  # noqa: E402


class Share(flow.Case):
    def engine(self, net, **dial):
        options = {"sip.server": net.ip, "sip.port": net.port,
                   "sip.local_address": self.ip, "sip.user": "alice",
                   "sip.register": "no", "dial.max_duration": 1,
                   "store.path": self.path("store.db")}
        options.update({"dial." + k: v for k, v in dial.items()})
        return self.enter(Engine(flow.LIBRARY, options))

    def sql(self, text, *args):
        db = sqlite3.connect(self.path("store.db"), timeout=5)
        try:
            with db:
                return db.execute(text, args).fetchall()
        finally:
            db.close()

    def test_engines_of_one_store_share_no_call_id(self):
        net = self.network()
        engines = [self.engine(net, campaigns="yes"),
                   self.engine(net, campaigns="no"),
                   self.engine(net, campaigns="no")]
        for d in engines:
            d.start()
        calls = [(d, d.call("493010000%d01" % i))
                 for i in range(2) for d in engines]
        ids = [call for _, call in calls]
        self.assertEqual(len(set(ids)), 6, ids)
        for d, call in calls:
            e = d.wait("call_ended", call=call)
            self.assertEqual((e["disposition"], e["error"]), ("busy", None), e)
        for d in engines:
            d.stop()
        self.assertEqual(self.sql("SELECT id FROM calls ORDER BY id"),
                         [(i,) for i in sorted(ids)])

    def test_ids_go_on_after_a_start_that_called_nobody(self):
        net = self.network()
        d = self.engine(net)
        ids = []
        for again in (True, False, True):
            d.start()
            if again:
                ids.append(d.call("493010000001"))
                d.wait("call_ended", call=ids[-1])
            d.stop()
        self.assertEqual(ids, [1, 2])

    def test_without_a_write_at_start_there_are_no_calls(self):
        net = self.network()
        d = self.engine(net, campaigns="no")
        d.start()
        d.stop()
        db = sqlite3.connect(self.path("store.db"), isolation_level=None)
        self.addCleanup(db.close)
        db.execute("BEGIN IMMEDIATE")
        d.start()  # after SQLite has waited for its lock
        with self.assertRaises(Refused) as refused:
            d.call("493010000001")
        self.assertEqual(refused.exception.name, "SIPDIALER_EIO")
        db.execute("ROLLBACK")
        d.stop()
        d.start()
        d.wait("call_ended", call=d.call("493010000001"))
        d.stop()

    def test_a_row_that_is_refused_is_told_with_the_end(self):
        d = self.engine(self.network())
        d.start()
        first = d.call("493010000001")
        d.wait("call_ended", call=first)
        self.sql("UPDATE calls SET id = ?", first + 1)
        second = d.call("493010000001")
        self.assertEqual(second, first + 1)
        e = d.wait("call_ended", call=second)
        self.assertEqual(e["disposition"], "busy")
        self.assertEqual(e["error"], "SIPDIALER_EINVAL", e)
        d.stop()


if __name__ == "__main__":
    flow.main()
