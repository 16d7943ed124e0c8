"""Published systems as recipes: listed, described, and ready to be fitted."""

from skmedimg.recipes._build_recipe import load_recipe
from skmedimg.recipes._catalogue import list_recipes
from skmedimg.recipes._recipe_card import RecipeCard, recipe_card

__all__ = ["RecipeCard", "list_recipes", "load_recipe", "recipe_card"]
