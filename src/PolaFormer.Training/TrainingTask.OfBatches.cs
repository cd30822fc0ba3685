using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training;

/// <summary>
/// A task whose batches are of one type: <see cref="Batches{TExample, TBatch}"/> shuffles and collates examples in memory. Whatever a
/// task draws by chance follows from <see cref="RandomStep.Current"/> or from the epoch, so that a resumed run equals one never stopped.
/// </summary>
/// <typeparam name="TBatch">What a loader makes of some examples.</typeparam>
public abstract class TrainingTask<TBatch> : TrainingTask
{
    /// <summary>The network's results for a batch.</summary>
    public abstract Tensor Predict(Module model, TBatch batch);

    /// <inheritdoc/>
    public override Evaluation? Evaluate(Module model, CancellationToken stop = default) =>
        Evaluation.Run(model, Metrics, EvaluationBatches(), (batch, metrics) =>
        {
            Tensor predictions = Predict(model, batch);
            Measure(predictions, batch, Loss(predictions, batch).Item(), metrics);
        }, stop);

    internal override IEnumerable<Func<Metrics, Tensor>> Losses(int epoch, int firstBatch)
    {
        foreach (TBatch batch in TrainingBatches(epoch, firstBatch))
        {
            yield return metrics =>
            {
                (Tensor predictions, Tensor loss) = Train(batch);
                Measure(predictions, batch, loss.Item(), metrics);
                return loss;
            };
        }
    }

    /// <summary>The batches of an epoch of training.</summary>
    /// <param name="epoch">From 0.</param>
    /// <param name="firstBatch">Batch to begin with; those before it were trained on before the run was stopped.</param>
    protected abstract IEnumerable<TBatch> TrainingBatches(int epoch, int firstBatch);

    /// <summary>The batches that networks are evaluated on, in the same order each time.</summary>
    protected abstract IEnumerable<TBatch> EvaluationBatches();

    /// <summary>The mean loss of a batch, one value.</summary>
    protected abstract Tensor Loss(Tensor predictions, TBatch batch);

    /// <summary>Counts a batch.</summary>
    protected abstract void Measure(Tensor predictions, TBatch batch, double loss, Metrics metrics);

    /// <summary>Results and loss in training; a task overrides it whose training loss is another than that of the evaluation.</summary>
    protected virtual (Tensor Predictions, Tensor Loss) Train(TBatch batch)
    {
        Tensor predictions = Predict(Model, batch);
        return (predictions, Loss(predictions, batch));
    }
}
