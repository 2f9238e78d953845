"""Who answers, over the labelled calls that lie beside the project: no worse
than docs/amd.md says, with room for a call or two.
"""
import csv
import os
import sys
import unittest

import amd_eval

CALLS = os.path.join(os.environ.get('SHARED_DATA', ''), 'amd')


@unittest.skipUnless(os.path.exists(os.path.join(CALLS, 'manifest.csv')),
                     'no labelled calls beside the project')
class Amd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(CALLS, 'manifest.csv'), newline='') as f:
            cls.rows = list(csv.DictReader(f))
        cls.results = amd_eval.judged(os.environ['SIPDIALER'], CALLS,
                                      cls.rows, None)
        cls.last = [amd_eval.standing(j)[0] for j in cls.results]

    def right(self, label):
        told = [v == label for r, v in zip(self.rows, self.last)
                if r['label'] == label]
        return sum(told) / len(told)

    def test_people(self):
        self.assertGreaterEqual(self.right('human'), 0.95)

    def test_machines(self):
        self.assertGreaterEqual(self.right('machine'), 0.96)

    def test_nobody_is_no_human(self):
        wrong = [r['file'] for r, v in zip(self.rows, self.last)
                 if r['label'] == 'other' and v == 'human']
        # music with much of a voice's rhythm
        self.assertEqual([f for f in wrong if 'music' not in f], [])
        self.assertLessEqual(len(wrong), 1)

    def test_half_of_the_people_are_told_soon(self):
        times = [amd_eval.standing(j)[1]
                 for r, j in zip(self.rows, self.results)
                 if r['label'] == 'human' and
                 amd_eval.standing(j)[0] == 'human']
        self.assertLessEqual(amd_eval.percentile(times, 50), 1000)


if __name__ == '__main__':
    sys.exit(unittest.main(verbosity=2))
