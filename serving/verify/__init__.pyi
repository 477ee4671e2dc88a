from .compare import check as check
from .compare import verify_version as verify_version
from .files import verify_file as verify_file
from .fresh import VerificationError as VerificationError
