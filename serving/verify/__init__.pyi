from .compare import VerificationError as VerificationError
from .compare import check as check
from .compare import verify_version as verify_version
