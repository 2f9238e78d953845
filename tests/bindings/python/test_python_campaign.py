#!/usr/bin/env python3
"""Campaigns: import, run, results, do-not-call; kill -9 and on again."""
import asyncio
import collections
import csv
import json
import random
import signal

from pycommon import WAIT, Case, flow, main, sipdialer

# Runs the campaign of a store, a new one or what is left of it.
RUN = """
    import json, sys
    import sipdialer
    ip, server, port, folder = sys.argv[1:]
    with sipdialer.Dialer(sip_local_address=ip, sip_server=server, sip_port=int(port),
                          sip_register=False, store_path=folder + "/s.db",
                          dial_max_calls=8, dial_calls_per_second=60) as d:
        @d.on("call_ended")
        def ended(event):
            print(json.dumps(dict(event)), flush=True)

        campaigns = d.campaigns().wait(20)
        if campaigns:
            campaign = campaigns[0]
        else:
            campaign = d.campaign("spring", dial_retries=0).wait(20)
        status = campaign.status().wait(20)
        if status.status == "draft":
            if not status.total:
                assert campaign.import_contacts(folder + "/c.csv").wait(20).failed == 0
            campaign.start().wait(20)
        status = campaign.finished().wait(60)
        print(json.dumps(dict(status)), flush=True)
        campaign.results(folder + "/r.csv").wait(20)
"""


class Campaigns(Case):
    def store(self, net, **options):
        return self.dialer(net, store_path=self.path("s.db"), dial_calls_per_second=0,
                           dial_retries=0, **options)

    def test_from_contacts_to_results(self):
        net = self.network("--answer-delay", "0", "--no-media", "--talk-time", "50")
        d = self.store(net)
        campaign = d.campaign("spring", sip_caller_id="4930999").wait(WAIT)
        flow.contacts(self.path("c.csv"), ["+493012341%d01" % n for n in range(5)] +
                      ["+49301234%d00" % n for n in range(20, 25)] + ["garbage"])
        done = campaign.import_contacts(self.path("c.csv")).wait(WAIT)
        self.assertEqual((done.count, done.failed, done.total), (10, 1, 11))
        contact = campaign.add("+4930123403", "Ann", {"k": "ü"}).wait(WAIT)
        self.assertGreater(contact, 0)
        with self.assertRaises(sipdialer.SipdialerError):
            campaign.add("+4930123403").wait(WAIT)
        statuses = []
        d.on("campaign_status")(lambda e: statuses.append(e.status))
        calls = collections.Counter()
        d.on("call_ended")(lambda e: calls.update([e.call.result.disposition]))
        self.assertFalse(d.dnc_check("+493012341101").wait(WAIT))
        self.assertTrue(d.dnc_add("+493012341101", "opt-out").wait(WAIT))
        self.assertFalse(d.dnc_add("+493012341101").wait(WAIT))
        self.assertTrue(d.dnc_check("+493012341101").wait(WAIT))
        campaign.start().wait(WAIT)
        status = campaign.finished().wait(WAIT)
        self.assertEqual(status.status, "completed")
        self.assertEqual(status.total, 11)
        self.assertEqual(status.by_disposition, {"busy": 4, "answered": 5, "invalid_number": 1})
        self.assertEqual(calls, {"busy": 4, "answered": 5, "invalid_number": 1})
        self.assertEqual([s for s in statuses if s != "draft"][0], "running")
        self.assertEqual(campaign.results(self.path("r.csv")).wait(WAIT), 11)
        self.assertTrue(d.dnc_remove("+493012341101").wait(WAIT))
        d.store_backup(self.path("copy.db")).wait(WAIT)
        self.assertTrue(sipdialer.store_check(self.path("copy.db")))

    def test_pause_cancel_list(self):
        d = self.store(self.network())
        one, two = d.campaign("one").wait(WAIT), d.campaign("two").wait(WAIT)
        self.assertEqual(d.campaigns().wait(WAIT), [one, two])
        self.assertEqual([c.name for c in d.campaigns().wait(WAIT)], ["one", "two"])
        one.add("+4930123402").wait(WAIT)
        finished = one.finished()
        one.start().wait(WAIT)
        one.pause().wait(WAIT)
        self.assertEqual(one.status().wait(WAIT).status, "paused")
        one.cancel().wait(WAIT)
        self.assertEqual(finished.wait(WAIT).status, "cancelled")
        self.assertEqual(one.finished().wait(WAIT).status, "cancelled")
        with self.assertRaises(sipdialer.StateError):
            one.start().wait(WAIT)

    def test_rows_refused_come_as_events(self):
        d = self.store(None)
        with open(self.path("c.csv"), "w", encoding="utf-8") as f:
            f.write("number\n+4930123400\nx\ny\n")
        campaign = d.campaign("x").wait(WAIT)
        iterator = d.events(timeout=0)
        done = campaign.import_contacts(self.path("c.csv"), import_max_errors=1).wait(WAIT)
        self.assertEqual((done.count, done.failed), (1, 2))
        errors = [e for e in iterator if e.name == "import_error"]
        self.assertEqual([(e.line, e.campaign) for e in errors], [(3, campaign.id)])

    def test_an_answer_that_was_lost_in_part(self):
        d = self.store(None, events_max=1024)
        for n in range(20):
            d.campaign("c%d" % n).wait(WAIT)
        # nobody pulls: 60 times 20 events
        pending = [d.campaigns() for _ in range(60)]
        flow.until(lambda: d.stats()["requests_waiting"] == 0)
        with self.assertRaisesRegex(sipdialer.FullError, "events.max"):
            for one in pending:
                self.assertEqual(len(one.wait(WAIT)), 20)
        self.assertGreater(d.stats()["events"]["lost"], 0)

    def test_the_end_of_a_campaign_may_be_lost(self):
        d = self.store(self.network("--no-media"), events_max=1024, dial_max_calls=600,
                       log_level="error")
        campaign = d.campaign("x").wait(WAIT)
        # each rings, then is busy: two events that may be lost, one that may not
        flow.contacts(self.path("c.csv"), ["+49301%05d27" % n for n in range(600)])
        campaign.import_contacts(self.path("c.csv")).wait(WAIT)
        finished = campaign.finished()
        campaign.start().wait(WAIT)
        flow.until(lambda: d.stats()["calls"]["ended"] == 600, WAIT)
        self.assertGreater(d.stats()["events"]["lost"], 0)
        self.assertEqual(finished.wait(WAIT).by_disposition, {"busy": 600})

    def test_kill_9_in_the_middle_loses_nothing(self):
        rng = random.Random(7)
        net = self.network("--answer-delay", "60", "--talk-time", "150")
        numbers = ["+4930123%04d%02d" % (n, (0, 1, 12, 3, 0)[n % 5]) for n in range(60)]
        flow.contacts(self.path("c.csv"), numbers)
        told, kills, last = {}, 0, None
        for attempt in range(6):
            child = self.python(RUN, self.ip, net.ip, net.port, self.dir)
            if attempt < 5:
                for _ in range(rng.randrange(1, 12)):
                    line = child.stdout.readline()
                    if not line:
                        break
                    event = json.loads(line)
                    if event["event"] == "call_ended":
                        told[event["contact"]] = event["disposition"]
                child.send_signal(signal.SIGKILL)
                kills += 1
                out, err = child.communicate(timeout=WAIT)
            else:
                out, err, _ = self.finish(child, timeout=90)
            for line in out.splitlines():
                event = json.loads(line) if line.endswith("}") else {}
                if event.get("event") == "call_ended":
                    told[event["contact"]] = event["disposition"]
                elif event.get("event") == "campaign_status":
                    last = event
            self.assertIn(child.returncode, (0, -signal.SIGKILL), err)
        self.assertEqual(kills, 5)
        self.assertEqual((last["status"], last["total"], last["pending"]), ("completed", 60, 0))
        self.assertEqual(last["completed"] + last["failed"] + last["other"], 60)
        self.compare(net, numbers, told)

    def compare(self, net, numbers, told):
        invites = collections.Counter(e["number"] for e in net.events("invite"))
        self.assertEqual([n for n in invites if invites[n] > 1], [], "called twice")
        with open(self.path("r.csv"), encoding="utf-8", newline="") as f:
            rows = list(csv.DictReader(f))
        self.assertEqual(sorted(r["number"] for r in rows), sorted(numbers))
        called = {n.lstrip("+") for n in invites}
        for row in rows:
            self.assertIn(row["status"], ("completed", "failed", "interrupted"))
            if row["status"] != "interrupted":
                self.assertIn(row["number"].lstrip("+"), called)
        self.assertGreater(len(told), 20)

    def test_a_campaign_that_another_engine_dials(self):
        net = self.network("--answer-delay", "0", "--no-media")
        dials, looks = self.store(net), self.store(net, dial_campaigns=False)
        campaign = dials.campaign("spring").wait(WAIT)
        campaign.add("+4930123401").wait(WAIT)
        pending = looks.get_campaign(campaign.id).finished()
        looks.get_campaign(campaign.id).status().wait(WAIT)
        campaign.start().wait(WAIT)
        campaign.finished().wait(WAIT)
        self.assertEqual(pending.wait(WAIT).status, "completed")

        campaign = dials.campaign("summer").wait(WAIT)
        campaign.add("+4930123401").wait(WAIT)

        async def body():
            pending = looks.get_campaign(campaign.id).finished()
            await looks.get_campaign(campaign.id).status()
            await asyncio.get_running_loop().run_in_executor(None, run)
            return (await asyncio.wait_for(pending, WAIT)).status

        def run():
            campaign.start().wait(WAIT)
            campaign.finished().wait(WAIT)

        self.assertEqual(asyncio.run(body()), "completed")


if __name__ == "__main__":
    main()
