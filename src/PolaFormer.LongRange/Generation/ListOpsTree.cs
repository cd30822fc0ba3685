namespace PolaFormer.LongRange.Generation;

/// <summary>
/// A tree of ListOps as Google's listops.py draws it: a value with probability 0.75, and always at depth 10; else one of four operators
/// with 2 to 10 arguments. Draws come in the original's order: value or operator, the value; or the number of arguments, the arguments,
/// the operator.
/// </summary>
internal sealed class ListOpsTree
{
    private const double ValueShare = 0.75;
    private const int MaxDepth = 10, FewestArguments = 2, MostArguments = 10, Operators = 4;

    private readonly List<byte> _tokens = [];
    private int _limit;

    /// <summary>The tokens of the last tree; as many as were made where it grew too long.</summary>
    public ReadOnlySpan<byte> Tokens => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_tokens);

    /// <summary>Draws a tree.</summary>
    /// <param name="chance">What is drawn from.</param>
    /// <param name="limit">A tree of as many tokens is given up.</param>
    /// <returns>Its value; null where it was given up.</returns>
    public int? Draw(ChanceStream chance, int limit)
    {
        _tokens.Clear();
        _limit = limit;
        int value = DrawNode(chance, depth: 1);
        return _tokens.Count < limit ? value : null;
    }

    private int DrawNode(ChanceStream chance, int depth)
    {
        if (depth == MaxDepth || chance.Uniform() < ValueShare)
        {
            int value = chance.Below(10);
            _tokens.Add((byte)(value + 1));
            return value;
        }

        int place = _tokens.Count;
        _tokens.Add(0);
        int arguments = FewestArguments + chance.Below(MostArguments - FewestArguments + 1);
        var values = new List<int>(arguments);
        for (int i = 0; i < arguments && _tokens.Count < _limit; i++)
            values.Add(DrawNode(chance, depth + 1));
        _tokens[place] = (byte)(ListOpsExpression.FirstOperator + chance.Below(Operators));
        _tokens.Add(ListOpsExpression.Closing);
        return _tokens.Count < _limit ? ListOpsExpression.Apply(_tokens[place], values) : 0;
    }
}
