"""What is stored: one typed, versioned document class for each collection."""

from db.documents.base import BaseDoc
from db.documents.blob import Blob
from db.documents.campaign import CampaignDoc
from db.documents.candidate import (
    Adjustment,
    CandidateDoc,
    CandidateOutcome,
    Decomposition,
    Origin,
    candidate_id,
)
from db.documents.follow_up import FollowUpDoc
from db.documents.geometry import Geometry, PackedGeometry, pack_geometry
from db.documents.reference import OmittedPhaseDoc, ReferenceDoc, ReferencePhaseDoc
from db.documents.reference_name import ReferenceNameDoc
from db.documents.relaxation import RelaxationDoc
from db.documents.structure import SiteProperty, StructureDoc
from db.documents.task import Attempt, Lease, SuspendedState, TaskDoc

__all__ = [
    "Adjustment",
    "Attempt",
    "BaseDoc",
    "Blob",
    "CampaignDoc",
    "CandidateDoc",
    "CandidateOutcome",
    "Decomposition",
    "FollowUpDoc",
    "Geometry",
    "Lease",
    "OmittedPhaseDoc",
    "Origin",
    "PackedGeometry",
    "ReferenceDoc",
    "ReferenceNameDoc",
    "ReferencePhaseDoc",
    "RelaxationDoc",
    "SiteProperty",
    "StructureDoc",
    "SuspendedState",
    "TaskDoc",
    "candidate_id",
    "pack_geometry",
]
