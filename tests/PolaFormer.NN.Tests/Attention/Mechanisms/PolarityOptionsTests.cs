using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.NN.Tests.Attention.Mechanisms;

/// <summary>Polarity attention with parts taken away or exchanged.</summary>
public class PolarityOptionsTests
{
    private const int Dim = 8, Heads = 2;

    public static TheoryData<bool, PolarityGate, PolarityLocal> Ablations =>
    [
        .. from isPolar in (bool[])[true, false]
           from gate in Enum.GetValues<PolarityGate>()
           from local in Enum.GetValues<PolarityLocal>()
           select new TheoryDataRow<bool, PolarityGate, PolarityLocal>(isPolar, gate, local),
    ];

    [Theory]
    [MemberData(nameof(Ablations))]
    public void TheGradientEqualsCentralDifferences(bool isPolar, PolarityGate gate, PolarityLocal local) =>
        MechanismSubject.AssertGradient(Make(new PolarityOptions { IsPolar = isPolar, Gate = gate, Local = local }, AttentionShape.Grid(Dim, Heads, 3, 3)));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WithoutPositionsTheGradientIsRightToo(bool isPolar) =>
        MechanismSubject.AssertGradient(Make(new PolarityOptions { IsPolar = isPolar, HasPositions = false }, AttentionShape.Grid(Dim, Heads, 3, 3)));

    [Theory]
    [MemberData(nameof(Ablations))]
    public void TheCostIsThatOfACountedRun(bool isPolar, PolarityGate gate, PolarityLocal local)
    {
        var meta = new MetaDevice();
        using (meta.Use())
        {
            PolarityAttention mechanism = Make(new PolarityOptions { IsPolar = isPolar, Gate = gate, Local = local }, Prefixed(3, 5));
            mechanism.Attend(MechanismSubject.Inputs(mechanism, batch: 1));
            Assert.Equal(meta.MultiplyAccumulates, mechanism.Cost(17, 17).MultiplyAccumulates);
        }
    }

    [Fact]
    public void WithoutPolarityNegativePartsAreDropped()
    {
        PolarityAttention mechanism = Make(new PolarityOptions { IsPolar = false, Gate = PolarityGate.Off, Local = PolarityLocal.Off }, AttentionShape.Grid(Dim, Heads, 2, 3));
        AttentionInputs inputs = MechanismSubject.Inputs(mechanism, batch: 1);
        Dictionary<string, float[]> weights = mechanism.NamedParameters().ToDictionary(entry => entry.Name, entry => entry.Parameter.ToArray());
        float[] query = inputs.Query.Source.ToArray(), key = inputs.Key.Source.ToArray(), value = inputs.Value.Source.ToArray();

        double Feature(double x, int channel) => Math.Pow(Math.Max(x, 0) / Math.Log(1 + Math.Exp(weights["scale"][channel])), 1 + (4 / (1 + Math.Exp(-weights["power"][channel]))));
        float[] expected = new float[query.Length];
        for (int i = 0; i < expected.Length; i++)
        {
            (int token, int channel) = (i / Dim, i % Dim);
            int head = channel / (Dim / Heads) * (Dim / Heads);
            double sum = 0, normalizer = 6e-6;
            for (int other = 0; other < 6; other++)
            {
                double weight = Enumerable.Range(head, Dim / Heads).Sum(c => Feature(query[(token * Dim) + c], c) * Feature(key[(other * Dim) + c] + weights["positional_encoding"][(other * Dim) + c], c));
                sum += weight * value[(other * Dim) + channel];
                normalizer += weight;
            }

            expected[i] = (float)(sum / normalizer);
        }

        MechanismSubject.AssertClose(expected, mechanism.Attend(inputs).ToArray(), 1e-4);
        MechanismSubject.AssertClose(expected, mechanism.Mix(inputs).ToArray(), 1e-4);
    }

    [Fact]
    public void WithoutOffsetsTheDeformableBranchIsTheDepthwiseOne()
    {
        AttentionShape shape = AttentionShape.Grid(Dim, Heads, 3, 5);
        PolarityAttention depthwise = Make(new PolarityOptions(), shape), deformable = Make(new PolarityOptions { Local = PolarityLocal.Deformable }, shape);
        Dictionary<string, Parameter> source = depthwise.NamedParameters().ToDictionary();
        foreach ((string name, Parameter parameter) in deformable.NamedParameters())
        {
            if (name.Contains("offset", StringComparison.Ordinal))
                parameter.AsSpan<float>().Clear();
            else
                source[name.Replace("dcn", "dwc", StringComparison.Ordinal)].AsSpan<float>().CopyTo(parameter.AsSpan<float>());
        }

        AttentionInputs inputs = MechanismSubject.Inputs(depthwise, batch: 2);
        MechanismSubject.AssertClose(depthwise.Attend(inputs).ToArray(), deformable.Attend(inputs).ToArray(), 1e-5);
    }

    [Theory]
    [InlineData(PolarityGateStart.Zeros, 0, 0, 0)]
    [InlineData(PolarityGateStart.Ones, 1, 1, 0)]
    [InlineData(PolarityGateStart.Normal, 0, 5, 1)]
    [InlineData(PolarityGateStart.KaimingUniform, 0, 0.3062f, 0.1768f)]
    [InlineData(PolarityGateStart.Uniform, 0.5f, 1, 0.2887f)]
    public void ALearnedGateStartsAsAsked(PolarityGateStart start, float mean, float bound, float deviation)
    {
        var mechanism = new PolarityAttention(AttentionShape.Grid(64, Heads, 8, 12), options: new PolarityOptions { Gate = PolarityGate.Learned, GateStart = start });
        mechanism.Initialize(3);
        Parameter gate = mechanism.NamedParameters().Single(entry => entry.Name == "gate").Parameter;
        Assert.Equal(new Shape(1, 96, 64), gate.Shape);
        float[] values = gate.ToArray();
        Assert.All(values, value => Assert.InRange(value, -bound, bound));
        Assert.Equal(mean, values.Average(), 0.05f);
        Assert.True(start != PolarityGateStart.Uniform || values.Min() >= 0);
        Assert.Equal(deviation, Math.Sqrt(values.Average(value => (value - mean) * (value - mean))), 0.05 * deviation);
    }

    private static PolarityAttention Make(PolarityOptions options, AttentionShape shape) => MechanismSubject.Filled(new PolarityAttention(shape, kernelSize: 3, options: options));

    private static AttentionShape Prefixed(int height, int width) => new(Dim, Heads, 2 + (height * width)) { Height = height, Width = width, PrefixTokens = 2 };
}
