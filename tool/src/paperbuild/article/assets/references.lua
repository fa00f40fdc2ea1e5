-- Runs after citeproc: the list of references hangs its entries in the PDF.
if FORMAT:match("typst") then
  function Div(div)
    if div.identifier == "refs" then
      div.content:insert(1, pandoc.RawBlock("typst", "#reference-list["))
      div.content:insert(pandoc.RawBlock("typst", "]"))
      return div
    end
  end
end
