using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;

namespace PolaFormer.NN.Tests.Attention.Mechanisms;

/// <summary>Agent attention against its formula written out in double, a class token before the grid.</summary>
public class AgentAttentionTests
{
    private const int Prefix = 1, Height = 3, Width = 5, Dim = 8, Heads = 2, HeadDim = Dim / Heads, Side = 2;
    private const int Agents = Side * Side, Pixels = Height * Width, Tokens = Prefix + Pixels;

    [Fact]
    public void EqualsTheFormula()
    {
        var shape = new AttentionShape(Dim, Heads, Tokens) { Height = Height, Width = Width, PrefixTokens = Prefix };
        AgentAttention mechanism = MechanismSubject.Filled(new AgentAttention(shape, Side));
        AttentionInputs inputs = MechanismSubject.Inputs(mechanism, batch: 1);
        float[] query = inputs.Query.Source.ToArray(), key = inputs.Key.Source.ToArray(), value = inputs.Value.Source.ToArray();
        Dictionary<string, float[]> weights = mechanism.NamedParameters().ToDictionary(entry => entry.Name, entry => entry.Parameter.ToArray());

        double[] expected = new double[Tokens * Dim];
        for (int head = 0; head < Heads; head++)
        {
            double[][] agents = [.. Enumerable.Range(0, Agents).Select(agent => Pooled(query, agent, head))];
            double[][] gathered = new double[Agents][];
            for (int agent = 0; agent < Agents; agent++)
            {
                double[] attention = Softmax(Tokens, token => Dot(agents[agent], Row(key, token, head)) + AgentBias(weights, head, agent, token));
                gathered[agent] = Sum(attention, token => Row(value, token, head));
            }

            for (int token = 0; token < Tokens; token++)
            {
                double[] attention = Softmax(Agents, agent => Dot(Row(query, token, head), agents[agent]) + QueryBias(weights, head, agent, token));
                Sum(attention, agent => gathered[agent]).CopyTo(expected, (token * Dim) + (head * HeadDim));
            }
        }

        for (int pixel = 0; pixel < Pixels; pixel++)
        {
            for (int channel = 0; channel < Dim; channel++)
                expected[((Prefix + pixel) * Dim) + channel] += Convolved(value, weights["dwc.weight"], pixel, channel) + weights["dwc.bias"][channel];
        }

        MechanismSubject.AssertClose([.. expected.Select(y => (float)y)], mechanism.Attend(inputs).ToArray(), 1e-5);
    }

    private static double[] Row(float[] tokens, int token, int head) =>
        [.. Enumerable.Range(0, HeadDim).Select(c => (double)tokens[(token * Dim) + (head * HeadDim) + c])];

    // The mean over a window of the grid; windows of an adaptive pooling overlap where sides do not divide.
    private static double[] Pooled(float[] query, int agent, int head)
    {
        (int top, int bottom) = Window(agent / Side, Height);
        (int left, int right) = Window(agent % Side, Width);
        var pixels = from y in Enumerable.Range(top, bottom - top) from x in Enumerable.Range(left, right - left) select Row(query, Prefix + (y * Width) + x, head);
        return [.. Enumerable.Range(0, HeadDim).Select(c => pixels.Average(pixel => pixel[c]))];
    }

    private static (int From, int To) Window(int index, int extent) => (index * extent / Side, (((index + 1) * extent) + Side - 1) / Side);

    private static double AgentBias(Dictionary<string, float[]> weights, int head, int agent, int token)
    {
        int row = (head * Agents) + agent;
        if (token < Prefix)
            return weights["ac_bias"][row];
        (int y, int x) = ((token - Prefix) / Width, (token - Prefix) % Width);
        return Stretched(weights["an_bias"], row, y, x) + weights["ah_bias"][(row * Height) + y] + weights["aw_bias"][(row * Width) + x];
    }

    private static double QueryBias(Dictionary<string, float[]> weights, int head, int agent, int token)
    {
        if (token < Prefix)
            return weights["ca_bias"][(head * Agents) + agent];
        (int y, int x) = ((token - Prefix) / Width, (token - Prefix) % Width);
        return Stretched(weights["na_bias"], (head * Agents) + agent, y, x)
            + weights["ha_bias"][(((head * Height) + y) * Agents) + agent] + weights["wa_bias"][(((head * Width) + x) * Agents) + agent];
    }

    // A 7×7 map at a pixel of the grid, bilinear between the centres of its cells.
    private static double Stretched(float[] maps, int map, int y, int x)
    {
        const int side = 7;
        double row = Math.Clamp(((y + 0.5) * side / Height) - 0.5, 0, side - 1), column = Math.Clamp(((x + 0.5) * side / Width) - 0.5, 0, side - 1);
        (int top, int left) = ((int)row, (int)column);
        (int bottom, int right) = (Math.Min(top + 1, side - 1), Math.Min(left + 1, side - 1));
        double At(int r, int c) => maps[(((map * side) + r) * side) + c];
        double upper = At(top, left) + ((column - left) * (At(top, right) - At(top, left)));
        double lower = At(bottom, left) + ((column - left) * (At(bottom, right) - At(bottom, left)));
        return upper + ((row - top) * (lower - upper));
    }

    private static double Convolved(float[] value, float[] weight, int pixel, int channel)
    {
        double sum = 0;
        for (int tap = 0; tap < 9; tap++)
        {
            (int y, int x) = ((pixel / Width) + (tap / 3) - 1, (pixel % Width) + (tap % 3) - 1);
            if (y is >= 0 and < Height && x is >= 0 and < Width)
                sum += (double)weight[(channel * 9) + tap] * value[((Prefix + (y * Width) + x) * Dim) + channel];
        }

        return sum;
    }

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum() / Math.Sqrt(HeadDim);

    private static double[] Softmax(int count, Func<int, double> score)
    {
        double[] exponentials = [.. Enumerable.Range(0, count).Select(i => Math.Exp(score(i)))];
        double sum = exponentials.Sum();
        return [.. exponentials.Select(value => value / sum)];
    }

    private static double[] Sum(double[] weights, Func<int, double[]> row) =>
        [.. Enumerable.Range(0, HeadDim).Select(c => weights.Select((weight, i) => weight * row(i)[c]).Sum())];
}
