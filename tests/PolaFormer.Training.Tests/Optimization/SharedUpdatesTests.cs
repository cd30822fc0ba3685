using FsCheck;
using FsCheck.Fluent;
using PolaFormer.Distributed;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training.Tests.Optimization;

/// <summary>Updates of weights that workers make in shares.</summary>
public sealed class SharedUpdatesTests
{
    private static readonly Shape[] s_matrices = [[24, 40], [16, 16], [48, 17], [3], [16, 30]];

    [Fact]
    public void EveryThingHasAWorkerAndNoneHasMoreThanItsBestShareAndAThird() => Prop.ForAll(Gen.Choose(1, 70).Zip(Gen.Choose(0, 1000).ListOf(), (workers, costs) => (workers, costs)).ToArbitrary(), drawn =>
    {
        double[] costs = [.. drawn.costs.Select(cost => (double)cost)];
        (int Thing, int Worker)[] shares = [.. SharedUpdates.Balance(costs, drawn.workers)];
        Assert.Equal(Enumerable.Range(0, costs.Length), shares.Select(share => share.Thing).Order());
        double[] sums = new double[drawn.workers];
        foreach ((int thing, int worker) in shares)
            sums[worker] += costs[thing];
        // No split is below the mean, below the largest thing, or below two of the things that the first ones leave for a second turn.
        double[] ordered = [.. costs.OrderDescending(), .. new double[drawn.workers + 1]];
        double leastOfBest = Math.Max(costs.Sum() / drawn.workers, Math.Max(ordered[0], ordered[drawn.workers - 1] + ordered[drawn.workers]));
        Assert.True(sums.Max() <= leastOfBest * 4 / 3, $"{sums.Max()} of at least {leastOfBest}");
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("polaformer_pp_cifar_2m", 2, 1.05)]
    [InlineData("polaformer_pp_cifar_2m", 8, 1.3)]
    [InlineData("pola_pvt_tiny", 2, 1.05)]
    [InlineData("pola_pvt_tiny", 8, 1.3)]
    public void NetworksGiveEveryWorkerAboutAsMuch(string network, int workers, double limit)
    {
        VisionModel model = ModelRegistry.Find(network).Config.Create();
        double[] costs = [.. model.Parameters().Where(Muon.IsMatrix).Select(Muon.CostOf)], sums = new double[workers];
        foreach ((int thing, int worker) in SharedUpdates.Balance(costs, workers))
            sums[worker] += costs[thing];
        Assert.InRange(sums.Max() / sums.Average(), 1, limit);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void WorkersHaveTheWeightsAndTheStateOfOne(int workers)
    {
        (float[][] Weights, float[][] State) one = Updated(WorkerGroup.Single);
        Assert.All(LocalGroup.Run(workers, Updated), each =>
        {
            Assert.Equal(one.Weights, each.Weights);
            Assert.Equal(one.State, each.State);
        });
    }

    [Fact]
    public void AWorkerKeepsTheStateOfItsOwnMatricesAlone() =>
        // Else nothing would be shared.
        Assert.All(LocalGroup.Run(2, worker => Updated(worker, exchangesState: false).State), state =>
            Assert.InRange(state.Count(values => values.All(value => value == 0)), 1, s_matrices.Length - 1));

    private static (float[][] Weights, float[][] State) Updated(WorkerGroup worker) => Updated(worker, exchangesState: true);

    private static (float[][] Weights, float[][] State) Updated(WorkerGroup worker, bool exchangesState)
    {
        (string Name, Parameter Parameter)[] parameters = [.. s_matrices.Select((shape, i) => ($"p{i}", GivenParameter.Of(Drawn(shape, i), shape)))];
        var rule = new Muon([new(parameters, 0.1)]) { Workers = worker };
        for (int step = 0; step < 2; step++)
        {
            foreach ((int i, (string Name, Parameter Parameter) entry) in parameters.Index())
                GivenParameter.SetGradient(entry.Parameter, Drawn(entry.Parameter.Shape, 10 * (step + 1) + i));
            rule.Step(0.01);
        }

        if (exchangesState)
            rule.ExchangeState();
        return ([.. parameters.Select(entry => entry.Parameter.ToArray())], [.. rule.StateDict().Select(entry => entry.Tensor.ToArray())]);
    }

    private static float[] Drawn(Shape shape, int seed)
    {
        var random = new System.Random(seed);
        return [.. Enumerable.Range(0, (int)shape.Count).Select(_ => random.NextSingle() - 0.5f)];
    }
}
