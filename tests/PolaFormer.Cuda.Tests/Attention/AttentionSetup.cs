using PolaFormer.Cuda.Tests.Fibres;

namespace PolaFormer.Cuda.Tests.Attention;

/// <summary>Queries, keys, values and gradients of an attention between NaN, and the two gradients of its parameters.</summary>
internal abstract class AttentionSetup
{
    protected AttentionSetup(Random random, StorageType type, int batch, int channels, int queries, int keys, int parameters, int margin)
    {
        (Q, K, V, DOut) = (Given(queries), Given(keys), Given(keys), Given(queries));
        (Out, DQ, DK, DV) = (New(queries), New(queries), New(keys), New(keys));
        (DFirst, DSecond) = (new HostFloats(parameters), new HostFloats(parameters));

        HostTensor Given(int tokens) => HostTensor.Random(random, type, batch, tokens, channels, margin, margin);
        HostTensor New(int tokens) => new(type, batch, tokens, channels, margin, margin);
    }

    public HostTensor Q { get; }
    public HostTensor K { get; }
    public HostTensor V { get; }
    public HostTensor DOut { get; }
    public HostTensor Out { get; }
    public HostTensor DQ { get; }
    public HostTensor DK { get; }
    public HostTensor DV { get; }
    public HostFloats DFirst { get; }
    public HostFloats DSecond { get; }

    public double[] All() =>
    [
        .. Out.ToDoubles(), .. DQ.ToDoubles(), .. DK.ToDoubles(), .. DV.ToDoubles(), .. DFirst.ToDoubles(), .. DSecond.ToDoubles(),
    ];

    /// <summary>The forward and the backward pass.</summary>
    public void Run(uint order)
    {
        HostFloats[] workspaces = Run(new FibreQueue(order));
        foreach (HostFloats floats in workspaces)
            floats.AssertSurroundingsUntouched();
    }

    /// <summary>Whether results are those of a reference and nothing beside them was written.</summary>
    public void AssertResults(double tolerance, double[] y, double[] dq, double[] dk, double[] dv, double[] first, double[] second)
    {
        Distance.AssertWithin(tolerance, y, Out.ToDoubles(), "out");
        Distance.AssertWithin(tolerance, dq, DQ.ToDoubles(), "dq");
        Distance.AssertWithin(tolerance, dk, DK.ToDoubles(), "dk");
        Distance.AssertWithin(tolerance, dv, DV.ToDoubles(), "dv");
        Distance.AssertWithin(tolerance, first, DFirst.ToDoubles(), "first parameter");
        Distance.AssertWithin(tolerance, second, DSecond.ToDoubles(), "second parameter");
        foreach (HostTensor tensor in (HostTensor[])[Out, DQ, DK, DV])
            tensor.AssertSurroundingsUntouched();
        DFirst.AssertSurroundingsUntouched();
        DSecond.AssertSurroundingsUntouched();
    }

    /// <summary>Whether fibres in other orders give the same bits.</summary>
    public static void AssertSameBits(Func<AttentionSetup> make)
    {
        double[]? first = null;
        foreach (uint order in (uint[])[0, 1, 7])
        {
            AttentionSetup setup = make();
            setup.Run(order);
            first ??= setup.All();
            Assert.Equal(first, setup.All());
        }
    }

    /// <summary>Whether a query of zeros gives zeros, and gradients of zeros.</summary>
    public void AssertZeroQueryGivesZero()
    {
        const int Token = 3;
        for (int c = 0; c < Q.Channels; c++)
            Q[0, Token, c] = 0;

        Run(order: 0);

        for (int c = 0; c < Q.Channels; c++)
            Assert.Equal((0f, 0f), (Out[0, Token, c], DQ[0, Token, c]));
        Assert.All(All(), value => Assert.True(double.IsFinite(value)));
    }

    /// <summary>Both passes; returns states and workspaces.</summary>
    protected abstract HostFloats[] Run(FibreQueue queue);
}
