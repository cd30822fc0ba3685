using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.NN.Tests.Attention.Mechanisms;

namespace PolaFormer.NN.Tests.Attention;

/// <summary>Names of attentions with options behind them.</summary>
public class AttentionNameTests
{
    private static readonly AttentionShape s_shape = AttentionShape.Grid(8, 2, 4, 4);

    [Fact]
    public void OptionsReachTheMechanism()
    {
        var mechanism = Assert.IsType<PolarityAttention>(AttentionRegistry.Find("polarity( alpha = 3, kernel=3, gate=learned, positions=false)").Create(s_shape));
        mechanism.Initialize(1);
        Assert.Equal(2.5f, mechanism.Exponents().ToArray()[0]);
        Assert.Equal([3, 3], mechanism.NamedParameters().Single(entry => entry.Name == "dwc.weight").Parameter.Shape.AsSpan()[^2..].ToArray());
        Assert.Contains(mechanism.NamedParameters(), entry => entry.Name == "gate");
        Assert.DoesNotContain(mechanism.NamedParameters(), entry => entry.Name == "positional_encoding");
    }

    [Fact]
    public void TheNameGoesBeforeTheHostAndTheHostBeforeTheStandard()
    {
        var host = new AttentionOptions { ["alpha"] = 1f, ["kernel"] = 7 };
        var mechanism = (PolarityAttention)AttentionRegistry.Find("polarity(alpha=3)").Create(s_shape, host);
        mechanism.Initialize(1);
        Assert.Equal(2.5f, mechanism.Exponents().ToArray()[0]);
        Assert.Equal(7, mechanism.NamedParameters().Single(entry => entry.Name == "dwc.weight").Parameter.Shape[-1]);
    }

    [Fact]
    public void TheNameKeepsItsOptions()
    {
        Assert.Equal("polarity(alpha=3,kernel=3)", AttentionRegistry.Find("polarity(alpha=3, kernel=3)").Name);
        Assert.Same(AttentionRegistry.Find("polarity"), AttentionRegistry.Find("polarity()"));
    }

    public static TheoryData<string> WithOptions => [.. RegisteredAttentions.All.SelectMany(entry => entry.Options.Select(option => $"{entry.Name}({option.Name}={Example(option)})"))];

    [Theory]
    [MemberData(nameof(WithOptions))]
    public void EveryOptionIsTaken(string name) => Assert.Equal(name, AttentionRegistry.Find(AttentionRegistry.Find(name).Name).Name);

    [Theory]
    [InlineData("polarity(alfa=3)", "alpha")]
    [InlineData("polarity(alpha=-1)", "from 0 to 100")]
    [InlineData("polarity(alpha=NaN)", "from 0 to 100")]
    [InlineData("polarity(kernel=2.5)", "whole number")]
    [InlineData("polarity(gate=open)", "projected, learned, off")]
    [InlineData("polarity(polar=yes)", "true or false")]
    [InlineData("polarity(alpha)", "no value")]
    [InlineData("polarity(alpha=3,alpha=3)", "twice")]
    [InlineData("polarity(alpha=3", "parenthesis")]
    [InlineData("softmax(alpha=3)", "no options")]
    [InlineData("solar(alpha=3)", "'solar'")]
    public void AMistakeIsNamed(string name, string part) =>
        Assert.Contains(part, Assert.Throws<ArgumentException>(() => AttentionRegistry.Find(name)).Message, StringComparison.Ordinal);

    [Fact]
    public void CommasBetweenParenthesesDoNotCutAList()
    {
        Assert.Equal(["polarity(alpha=3,kernel=5)", "softmax"], AttentionRegistry.Names(["polarity(alpha=3,kernel=5), softmax"]));

        // As YAML cuts a list without quotes.
        Assert.Equal(["polarity(alpha=3,kernel=5)", "elu"], AttentionRegistry.Names(["polarity(alpha=3", "kernel=5)", "elu"]));
        Assert.Throws<ArgumentException>(() => AttentionRegistry.Names(["polarity(alpha=3", "elu"]));
        Assert.Throws<ArgumentException>(() => AttentionRegistry.Names(["elu)"]));
    }

    public static TheoryData<string> Extremes =>
        [.. RegisteredAttentions.All.SelectMany(entry => entry.Options.Where(option => option.Takes.StartsWith("a whole", StringComparison.Ordinal)).SelectMany(option => (string[])[$"{entry.Name}({option.Name}=1)", $"{entry.Name}({option.Name}={option.Takes.Split(' ')[^1]})"]))];

    [Theory]
    [MemberData(nameof(Extremes))]
    public void AtItsBoundsAnOptionWorksOrIsRefused(string name)
    {
        try
        {
            AttentionMechanism mechanism = MechanismSubject.Filled(AttentionRegistry.Find(name).Create(s_shape));
            Assert.All(mechanism.Attend(MechanismSubject.Inputs(mechanism, batch: 1)).ToArray(), value => Assert.True(float.IsFinite(value)));
        }
        catch (ArgumentException error)
        {
            Assert.NotEmpty(error.Message);
        }
    }

    private static string Example(AttentionOption option) => option.Default switch
    {
        bool => "false",
        Enum => option.Takes.Split(", ")[^1],
        _ => "3",
    };
}
