namespace PolaFormer.LongRange.Data;

/// <summary>How tokens of ListOps are made of text.</summary>
public enum ListOpsTokens
{
    /// <summary>As Google's pipeline: a closing bracket is a token, parentheses are none.</summary>
    Google,

    /// <summary>As the copy in the Skyformer repository, whose tokenizer drops every bracket: rows without closing tokens, which cannot be parsed uniquely.</summary>
    Skyformer,
}
