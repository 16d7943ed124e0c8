"""Published systems as recipes: listed, described, and ready to be fitted."""

from skmedimg.recipes._build import load_recipe
from skmedimg.recipes._card import RecipeCard, recipe_card
from skmedimg.recipes._catalogue import list_recipes

__all__ = ["RecipeCard", "list_recipes", "load_recipe", "recipe_card"]
