-- A manuscript for a journal: floats where it wants them, references to what is elsewhere as plain words. Runs after
-- the article's own filters, for DOCX alone, so floats are what subset.lua has made of them.
--
-- The metadata `submission` says which part is wanted (manuscript, tables) and where figures and tables stand (text,
-- end, apart). What does not stand in the text leaves its label there, as "[Figure 3]".

local BREAK = pandoc.RawBlock("openxml", '<w:p><w:r><w:br w:type="page"/></w:r></w:p>')

local function style_of(block)
  return block.t == "Div" and block.attributes["custom-style"] or ""
end

local function label_of(caption)
  return (pandoc.utils.stringify(caption):match("^([^:]*%d+):") or "")
end

-- From a place in the blocks: the kind of float that begins there, its blocks, its caption; nothing where none does.
local function float_at(blocks, place)
  local block = blocks[place]
  if style_of(block) == "Captioned Figure" and block.identifier:match("^fig%-") then
    return "figures", pandoc.Blocks({ block, blocks[place + 1] }), blocks[place + 1], place + 2
  elseif style_of(block) == "Table Caption" and block.identifier:match("^tbl%-") then
    local float, after = pandoc.Blocks({ block }), place + 1
    while blocks[after] and style_of(blocks[after]) ~= "Provenance" do
      float:insert(blocks[after])
      after = after + 1
    end
    float:insert(blocks[after])
    return "tables", float, block, after + 1
  end
end

local function sorted(blocks, where)
  local text, floats, place = pandoc.Blocks({}), { figures = {}, tables = {} }, 1
  while place <= #blocks do
    local kind, float, caption, after = float_at(blocks, place)
    if not kind then
      text:insert(blocks[place])
      place = place + 1
    else
      if where[kind] == "text" then
        text:extend(float)
      else
        text:insert(pandoc.Para({ pandoc.Str("[" .. label_of(caption) .. "]") }))
      end
      table.insert(floats[kind], { blocks = float, caption = caption })
      place = after
    end
  end
  return text, floats
end

-- Links to what another file holds say no more than their words.
local function unlinked(blocks)
  local names = {}
  blocks:walk({
    Div = function(div) names[div.identifier] = true end,
    Header = function(header) names[header.identifier] = true end,
    Span = function(span) names[span.identifier] = true end,
  })
  return blocks:walk({
    Link = function(link)
      local name = link.target:match("^#(.+)$")
      if name and not names[name] then
        return link.content
      end
    end,
  })
end

function Pandoc(document)
  local asked = document.meta.submission
  document.meta.submission = nil
  local part, where = pandoc.utils.stringify(asked.part), {}
  for _, kind in ipairs({ "figures", "tables" }) do
    where[kind] = pandoc.utils.stringify(asked[kind])
  end
  local text, floats = sorted(document.blocks, where)
  local blocks = part == "tables" and pandoc.Blocks({}) or text
  for _, kind in ipairs({ "tables", "figures" }) do
    local captions = pandoc.Blocks({})
    for _, float in ipairs(floats[kind]) do
      local whole = part == "manuscript" and where[kind] == "end" or part == kind
      if whole then
        if #blocks > 0 then
          blocks:insert(BREAK)
        end
        blocks:extend(float.blocks)
      elseif part == "manuscript" and where[kind] == "apart" and kind == "figures" then
        captions:insert(float.caption)
      end
    end
    if #captions > 0 then
      blocks:insert(BREAK)
      blocks:extend(captions)
    end
  end
  document.blocks = unlinked(blocks)
  return document
end
