using System.Text;

namespace PolaFormer.LongRange.Generation;

/// <summary>
/// Expressions of ListOps as tokens numbered by <see cref="Data.ListOpsEncoder"/>: an operator, its arguments, a closing bracket. MED is the
/// median, cut to a whole number where arguments are even in number; SM the sum modulo 10.
/// </summary>
public static class ListOpsExpression
{
    internal const byte FirstOperator = 11, Maximum = 11, Median = 12, Minimum = 13, SumModulo = 14, Closing = 15;

    private static readonly string[] s_names = ["[MAX", "[MED", "[MIN", "[SM"];

    /// <summary>The value of an expression.</summary>
    /// <exception cref="ArgumentException">It is not one whole expression; the message says at which token.</exception>
    public static int Evaluate(ReadOnlySpan<byte> tokens)
    {
        var open = new Stack<(byte Operator, List<int> Values)>();
        for (int i = 0; i < tokens.Length; i++)
        {
            byte token = tokens[i];
            if (token is >= FirstOperator and < Closing)
            {
                open.Push((token, []));
                continue;
            }

            int value;
            if (token is >= 1 and <= 10)
                value = token - 1;
            else if (token == Closing && open.TryPop(out (byte Operator, List<int> Values) closed) && closed.Values.Count > 0)
                value = Apply(closed.Operator, closed.Values);
            else
                throw new ArgumentException($"Token {i + 1} of the expression does not go there. Write operators [MAX, [MED, [MIN, [SM with digits or expressions behind them and a closing bracket.");
            if (open.Count == 0)
                return i == tokens.Length - 1 ? value : throw new ArgumentException($"The expression ends at token {i + 1} of {tokens.Length}.");
            open.Peek().Values.Add(value);
        }

        throw new ArgumentException($"{open.Count} brackets of the expression are not closed.");
    }

    /// <summary>An operator's value.</summary>
    internal static int Apply(byte token, List<int> values)
    {
        switch (token)
        {
            case Maximum:
                return values.Max();
            case Minimum:
                return values.Min();
            case SumModulo:
                return values.Sum() % 10;
            default:
                int[] sorted = [.. values.Order()];
                int middle = sorted.Length / 2;
                return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        }
    }

    /// <summary>LRA's writing, applications of one argument nested to the left: <c>( ( ( [MIN 3 ) 5 ) ] )</c>.</summary>
    public static void Write(ReadOnlySpan<byte> tokens, StringBuilder text)
    {
        int[] arguments = Arguments(tokens);
        for (int i = 0; i < tokens.Length; i++)
        {
            bool isOperator = tokens[i] is >= FirstOperator and < Closing, isArgument = !isOperator && i > 0;
            if (i > 0)
                text.Append(' ');
            if (isOperator)
                text.Insert(text.Length, "( ", arguments[i] + 1).Append(s_names[tokens[i] - FirstOperator]);
            else if (tokens[i] == Closing)
                text.Append("] )");
            else
                text.Append((char)('0' + tokens[i] - 1));

            // A value that is an argument closes its application; so does an expression after its bracket, unless it is the whole.
            if (isArgument && (tokens[i] != Closing || i < tokens.Length - 1))
                text.Append(" )");
        }
    }

    // Of each operator how many arguments it has.
    private static int[] Arguments(ReadOnlySpan<byte> tokens)
    {
        int[] counts = new int[tokens.Length];
        var open = new Stack<int>();
        for (int i = 0; i < tokens.Length; i++)
        {
            bool isOperator = tokens[i] is >= FirstOperator and < Closing;
            if (tokens[i] == Closing)
                open.Pop();
            else if (open.TryPeek(out int parent))
                counts[parent]++;
            if (isOperator)
                open.Push(i);
        }

        return counts;
    }
}
