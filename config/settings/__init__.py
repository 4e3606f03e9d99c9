"""Settings from the environment; without any of them: the embedded shape (SQLite, a folder, no services)."""

from config.settings.address import *
from config.settings.environment import BASE_DIR as BASE_DIR
from config.settings.environment import DATA_DIR as DATA_DIR
from config.settings.refusals import refuse_what_hurts

refuse_what_hurts()

from config.settings.attestations import *
from config.settings.bell import *
from config.settings.data import *
from config.settings.limits import *
from config.settings.logs import *
from config.settings.mail import *
from config.settings.outbound import *
from config.settings.parts import *
from config.settings.people import *
from config.settings.publishers import *
from config.settings.single_sign_on import *
