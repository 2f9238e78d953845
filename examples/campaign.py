#!/usr/bin/env python3
"""Run a campaign, or what is left of it: nobody is called twice.

    campaign.py SERVER[:PORT] CONTACTS.csv PROMPT.wav RESULTS.csv

The store, campaign.db, lies in the current folder.  Ctrl-C ends it: calls are
hung up, results kept; the same command goes on where it stopped.
"""
import sys

import sipdialer


def resume_or_make(dialer, contacts, prompt):
    """The campaign of the store."""
    for campaign in dialer.campaigns().wait():
        if campaign.name == contacts:
            if campaign.status().wait().total:
                return campaign
            campaign.cancel().wait()         # the import was cut off
    campaign = dialer.campaign(contacts, call_play=prompt, dial_retries=1).wait()
    done = campaign.import_contacts(contacts).wait()
    print("%d contacts, %d rows refused" % (done.count, done.failed))
    return campaign


def main(server, contacts, prompt, results):
    host, _, port = server.partition(":")
    with sipdialer.Dialer(sip_server=host, sip_port=int(port or 0), store_path="campaign.db",
                          dial_calls_per_second=5, dial_max_calls=20) as dialer:
        @dialer.on("call_ended")
        def ended(event):
            print(event.to, event.disposition)

        @dialer.on("import_error")
        def refused(event):
            print("line %d: %s" % (event.line, event.text))

        campaign = resume_or_make(dialer, contacts, prompt)
        if campaign.status().wait().status in ("draft", "paused"):
            campaign.start().wait()
        status = campaign.finished().wait()
        print(status.status, status.by_disposition)
        print("%d rows in %s" % (campaign.results(results).wait(), results))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except sipdialer.SipdialerError as e:
        sys.exit("campaign.py: %s" % e)
