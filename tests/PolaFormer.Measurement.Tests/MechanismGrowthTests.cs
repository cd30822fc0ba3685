using PolaFormer.NN.Attention;

namespace PolaFormer.Measurement.Tests;

public class MechanismGrowthTests
{
    [Fact]
    public void ALinearMechanismOvertakesAQuadraticOneWhereTheirTimesMeet()
    {
        IReadOnlyList<MechanismGrowth> growth = MechanismGrowth.Of([.. Series("softmax", n => n * n), .. Series("polarity", n => 200 * n), .. Series("elu", n => n / 2)]);
        Assert.Equal(["softmax", "polarity", "elu"], growth.Select(item => item.Entry.Name));
        Assert.Equal(2, growth[0].Exponent!.Value, 1e-9);
        Assert.Equal(1, growth[1].Exponent!.Value, 1e-9);
        Assert.Equal(200, growth[1].CrossoverTokens!.Value, 1e-6);
        Assert.Null(growth[0].CrossoverTokens);
        Assert.Null(growth[2].CrossoverTokens);
    }

    [Fact]
    public void WhatWasNotMeasuredHasNoGrowth()
    {
        AttentionEntry entry = AttentionRegistry.Find("elu");
        MechanismGrowth growth = Assert.Single(MechanismGrowth.Of([new MechanismMeasurement(entry, 16, 1, 0, default, null), new MechanismMeasurement(entry, 64, null, 0, default, null, "declares 5 GB")]));
        Assert.Null(growth.Exponent);
        Assert.Null(growth.CrossoverTokens);
    }

    private static IEnumerable<MechanismMeasurement> Series(string name, Func<double, double> time)
    {
        AttentionEntry entry = AttentionRegistry.Find(name);
        return new[] { 16, 64, 256, 1024 }.Select(tokens => new MechanismMeasurement(entry, tokens, time(tokens), 0, default, null));
    }
}
