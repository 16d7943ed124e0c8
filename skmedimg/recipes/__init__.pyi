from ._build_recipe import load_recipe as load_recipe
from ._catalogue import list_recipes as list_recipes
from ._degenerate_output import DegenerateOutputWarning as DegenerateOutputWarning
from ._recipe_card import RecipeCard as RecipeCard
from ._recipe_card import recipe_card as recipe_card
