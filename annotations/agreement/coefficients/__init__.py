"""Agreement coefficients: pure Python, nothing of Django or of this project.

A table is readers x units, with None where a reader has no value. A coefficient is a float, or `Undefined` with the
reason why there is none; a table without variation has none, never 1.

`krippendorff` is alpha in general, `chance` kappa and its relatives, `marking` what is said of one tag, `tagsets` the
quick way for tag sets, `interval` the bootstrap and `contested` the entropy of votes; `report` brings them together.
`spans`, `unitizing` and `alignment` compare marks by their characters. `table` reads values from CSV.
"""

from annotations.agreement.coefficients.alignment import TooManyAlignments, gamma, observed_disorder
from annotations.agreement.coefficients.chance import (
    bennett_s,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    percent_agreement,
    randolph_kappa,
    scott_pi,
)
from annotations.agreement.coefficients.contested import Contested, Votes, entropy
from annotations.agreement.coefficients.distances import jaccard, masi, masi_product, subset_distance
from annotations.agreement.coefficients.interval import Interval, alpha_interval
from annotations.agreement.coefficients.krippendorff import Disagreement, alpha, binary_alpha, disagreement
from annotations.agreement.coefficients.marking import binary_ac1, positive_agreement, prevalence
from annotations.agreement.coefficients.report import Headline, Pair, Report, TagAgreement, tag_report
from annotations.agreement.coefficients.spans import (
    character_alpha,
    character_f1,
    exact_f1,
    merged,
    partial_f1,
    partial_precision,
)
from annotations.agreement.coefficients.undefined import Undefined, band
from annotations.agreement.coefficients.unitizing import unitizing_alpha

__all__ = [
    "Contested",
    "Disagreement",
    "Headline",
    "Interval",
    "Pair",
    "Report",
    "TagAgreement",
    "TooManyAlignments",
    "Undefined",
    "Votes",
    "alpha",
    "alpha_interval",
    "band",
    "bennett_s",
    "binary_ac1",
    "binary_alpha",
    "character_alpha",
    "character_f1",
    "cohen_kappa",
    "disagreement",
    "entropy",
    "exact_f1",
    "fleiss_kappa",
    "gamma",
    "gwet_ac1",
    "jaccard",
    "masi",
    "masi_product",
    "merged",
    "observed_disorder",
    "partial_f1",
    "partial_precision",
    "percent_agreement",
    "positive_agreement",
    "prevalence",
    "randolph_kappa",
    "scott_pi",
    "subset_distance",
    "tag_report",
    "unitizing_alpha",
]
