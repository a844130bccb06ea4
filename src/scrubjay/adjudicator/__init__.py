"""An invented payer for practice data: reads claims, pays or denies them by rules of its own, writes an 835.

It shares the reader of claims with the rest and nothing else: no edit, no policy, no reference table.  What it denied and
why is written beside the 835, so that what is learned from the remittance can be compared with the truth.
"""

from scrubjay.adjudicator.batch import Adjudicated, adjudicate
from scrubjay.adjudicator.payer_model import PayerModel, load_model

__all__ = ["Adjudicated", "PayerModel", "adjudicate", "load_model"]
