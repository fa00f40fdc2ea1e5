-- What the article has beyond Markdown, for both typesetters: a line under every figure and table that says where
-- it was computed, and the look of the abstracts in other languages.
--
-- The metadata `provenance` (build/results/numbers.yml) maps an artefact's name to "notebook › cell". The line is
-- a block of class `provenance` behind the float.

local origins = {}

local function read_origins(meta)
  for name, text in pairs(meta.provenance or {}) do
    origins[name] = pandoc.utils.stringify(text)
  end
end

-- A figure is known by its file; a table, whose file was included, by its identifier without "tbl-".
local function origin_of(identifier, content)
  local stem = identifier:gsub("^%a+%-", "", 1)
  pandoc.Blocks(content):walk({
    Image = function(image)
      stem = pandoc.path.split_extension(pandoc.path.filename(image.src))
    end,
  })
  return origins[stem] or origins[identifier]
end

local function line(origin)
  local notebook, cell = origin:match("^(%S+) › (%S+)$")
  local inlines = pandoc.Inlines({ pandoc.Str("Computed"), pandoc.Space(), pandoc.Str("in"), pandoc.Space() })
  if FORMAT:match("html") and notebook then
    inlines:insert(pandoc.Link(origin, "notebooks/" .. notebook .. ".html#" .. cell))
  else
    inlines:extend(pandoc.Inlines(origin))
  end
  local blocks = { pandoc.Plain(inlines) }
  if FORMAT:match("typst") then
    blocks = {
      pandoc.RawBlock("typst", "#block(above: 0.7em, text(size: 8pt, fill: luma(35%))["),
      blocks[1],
      pandoc.RawBlock("typst", "])"),
    }
  elseif FORMAT:match("docx") then
    blocks = { pandoc.Para(inlines) }
  end
  return pandoc.Div(blocks, pandoc.Attr("", { "provenance" }, { { "custom-style", "Provenance" } }))
end

local function with_line(float, identifier, content)
  local origin = origin_of(identifier, content)
  if origin then
    return { float, line(origin) }
  end
end

-- HTML needs no more than the class.
local function abstract(div)
  if FORMAT:match("typst") then
    div.content:insert(1, pandoc.RawBlock("typst", "#abstract-box["))
    div.content:insert(pandoc.RawBlock("typst", "]"))
  elseif FORMAT:match("docx") then
    div.attributes["custom-style"] = "Abstract"
  end
  return div
end

return {
  { Meta = read_origins },
  {
    -- Quarto's own node for figures and tables alike.
    FloatRefTarget = function(float)
      return with_line(float.__quarto_custom_node, float.identifier, float.content)
    end,
    -- The same things as pandoc reads them.
    Figure = function(figure)
      if figure.identifier:match("^fig%-") then
        return with_line(figure, figure.identifier, figure.content)
      end
    end,
    Div = function(div)
      if div.identifier:match("^tbl%-") then
        return with_line(div, div.identifier, div.content)
      elseif div.classes:includes("abstract") then
        return abstract(div)
      end
    end,
  },
}
