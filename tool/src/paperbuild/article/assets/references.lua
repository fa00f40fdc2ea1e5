-- Runs after citeproc: the list of references hangs its entries in the PDF, and every formula says its TeX source to
-- those who cannot see it, as PDF/UA asks.
if FORMAT:match("typst") then
  function Math(math)
    local alt = math.text:gsub("%s+", " "):gsub("[\\\"]", "\\%0")
    return {
      pandoc.RawInline("typst", '#[#set math.equation(alt: "' .. alt .. '");'),
      math,
      pandoc.RawInline("typst", "]"),
    }
  end

  function Div(div)
    if div.identifier == "refs" then
      -- The last entries stay together: none is left alone on a page.
      div.content:insert(math.max(#div.content - 3, 1), pandoc.RawBlock("typst", "#block(breakable: false)["))
      div.content:insert(pandoc.RawBlock("typst", "]"))
      div.content:insert(1, pandoc.RawBlock("typst", "#reference-list["))
      div.content:insert(pandoc.RawBlock("typst", "]"))
      return div
    end
  end
end
