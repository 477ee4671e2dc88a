from .callbacks import FollowEpochs as FollowEpochs
from .recipe import Recipe as Recipe
from .recipe import find_recipe as find_recipe
from .recipe import list_recipes as list_recipes
from .workfolder import WorkFolder as WorkFolder
